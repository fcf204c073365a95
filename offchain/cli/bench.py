"""`livepeer worker bench`: how many live streams this machine keeps up with."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import click

from offchain.cli.run import run

if TYPE_CHECKING:
    from offchain.node.capacity import Level


@click.command()
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=lambda: os.cpu_count() or 1,
    show_default="number of cores",
    help="Segments transcoded at once, as for `run`.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(4, 3600),
    default=20.0,
    show_default=True,
    help="How long each number of streams is tried.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def bench(parallel: int, seconds: float, as_json: bool) -> None:
    """Find the most 720p streams (to 480p, 360p and 240p) with less than 1 % of late segments.

    Streams are played at real-time pace through the children that `run` uses. Offer a little less
    than what is found: a machine has other things to do, too.
    """
    result = run(_bench(parallel, seconds, quiet=as_json))
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo(f"This machine keeps up with {result['streams']} live streams.")


async def _bench(parallel: int, seconds: float, *, quiet: bool) -> dict[str, object]:
    from offchain.media.sandbox import TranscoderPool
    from offchain.media.trial import SECONDS, trial_contract, trial_segment
    from offchain.node.capacity import find_capacity

    levels: list[Level] = []

    def told(level: Level) -> None:
        levels.append(level)
        if not quiet:
            verdict = "keeps up" if level.kept_up else "too many"
            click.echo(
                f"{level.streams:>3} streams: {level.late} of {level.sent} segments late, "
                f"slowest {level.worst_s:.2f} s of {SECONDS} s: {verdict}"
            )

    segment, contract = await asyncio.to_thread(trial_segment), trial_contract()
    async with TranscoderPool(parallel) as pool:
        for _ in range(parallel):
            await pool.transcode(segment, contract)  # warm
        streams = await find_capacity(
            lambda: pool.transcode(segment, contract),
            SECONDS,
            max(2, round(seconds / SECONDS)),
            told,
        )
    return {
        "streams": streams,
        "parallel": parallel,
        "tried": [
            {"streams": each.streams, "sent": each.sent, "late": each.late, "worst": each.worst_s}
            for each in levels
        ],
    }
