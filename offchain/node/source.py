"""The broadcaster's input: opened, bounded, and what is to be made of it."""

from __future__ import annotations

import asyncio
import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from offchain.media.live import LiveSegmenter
from offchain.media.probe import NotAVideo
from offchain.media.profiles import QualityContract, Rung, ladder_for
from offchain.media.segmenter import Segmenter, paced
from offchain.media.tables import NotTransportStream, TransportTables
from offchain.node.answers import BadWork
from offchain.node.config import parse_rung
from offchain.node.errors import BadInput
from offchain.node.push_input import PushedSource

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from pathlib import Path

    from offchain.media.segments import SourceSegment
    from offchain.node.config import BroadcasterSettings


Source = Segmenter | LiveSegmenter | PushedSource
"""A file as if live, what is published, or what is pushed."""


def quality_contract(settings: BroadcasterSettings, source: Source) -> QualityContract:
    """What the jobs will ask for: the rungs given, or a ladder that fits the input."""
    fps = Fraction(source.fps)
    if settings.rungs:
        rungs = tuple(parse_rung(text, fps) for text in settings.rungs)
    else:
        rungs = ladder_for(source.width, source.height, fps, most=settings.most_rungs)
    contract = QualityContract(
        rungs=rungs, preset=settings.preset, segment_ms=round(settings.segment_s * 1000)
    )
    return dataclasses.replace(contract, mode="live") if settings.mode == "live" else contract


def segment_pixels(contract: QualityContract, source: Source) -> int:
    """The most pixels of output one segment can have; every segment is paid for this many.

    Passed pictures are cut at their own keyframes, up to a quarter later than asked for; and the
    next publisher's may be passed where this one's are not.
    """
    as_is = source.copies_video or isinstance(source, LiveSegmenter)
    longest = contract.segment_ms * (5 if as_is else 4) // 4
    return sum(
        rung.width
        * rung.height
        * (-(-longest * rung.fps.numerator // (1000 * rung.fps.denominator)) + 1)
        for rung in contract.rungs
    )


def check_shape(rung: Rung, rendition: bytes) -> None:
    """Players must be able to read what we list: MPEG-TS whose tables name H.264 video."""
    try:
        TransportTables.of(rendition)
    except (NotTransportStream, IndexError) as exc:
        raise BadWork(f"the rendition {rung.name} cannot be played: {exc}") from exc


def open_input(path: Path, settings: BroadcasterSettings) -> Segmenter:
    """Open an input file; blocking. Raises `BadInput` where it is no video."""
    try:
        return Segmenter(
            path,
            segment_ms=round(settings.segment_s * 1000),
            source_height=settings.source_height,
            loop=settings.loop,
        )
    except NotAVideo as exc:
        raise BadInput(str(exc)) from exc


def until_ms(source: Segmenter | LiveSegmenter, limit_ms: float | None) -> Iterator[SourceSegment]:
    """The source's segments that begin before `limit_ms`."""
    for segment in source:
        if limit_ms is not None and segment.start_ms >= limit_ms:
            return
        yield segment


async def _no_sleep(_seconds: float) -> None:
    """For inputs that are sent as fast as they can be worked on."""


async def segments(
    source: Source, settings: BroadcasterSettings, stop: asyncio.Event
) -> AsyncGenerator[SourceSegment, None]:
    """The input's segments at the chosen pace, until its end, the time set, or `stop`."""
    limit_ms = settings.duration_s * 1000 if settings.duration_s else None
    if isinstance(source, PushedSource):
        async for pushed in source.segments():
            if limit_ms is not None and pushed.start_ms >= limit_ms:
                return
            yield pushed
        return
    # What is published arrives at its own pace.
    waits = settings.realtime and not isinstance(source, LiveSegmenter)
    sleep = asyncio.sleep if waits else _no_sleep
    stopped = asyncio.ensure_future(stop.wait())
    steps = paced(until_ms(source, limit_ms), sleep=sleep).__aiter__()
    try:
        while not stop.is_set():
            step = asyncio.ensure_future(_next(steps))
            await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                step.cancel()
                await asyncio.wait({step})
                return
            segment = step.result()
            if segment is None:
                return
            yield segment
    except NotAVideo as exc:
        raise BadInput(str(exc)) from exc
    finally:
        stopped.cancel()


async def _next(steps: AsyncIterator[SourceSegment]) -> SourceSegment | None:
    return await anext(steps, None)
