"""Keeps a running stream's seats filled: follows who moves, replaces who is lost.

A seat is replaced when its job is over, when its job's segments are used up, when its work was bad,
or when it has failed many times in a row. A transcoder that restarts under another address says so
on chain; it keeps its seat.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.net.client import PeerError
from offchain.node.dispatch import ELECTED, Seat
from offchain.node.errors import NodeError
from offchain.node.jobbook import ACTIVE
from offchain.node.orders import NoOffer

if TYPE_CHECKING:
    from offchain.chain.follower import Batch
    from offchain.node.base import Node
    from offchain.node.orders import Candidate, Hiring

log = logging.getLogger("livepeer.broadcaster")

FAILURES_BEFORE_REPLACEMENT = 5
LAST_SEGMENTS = 5
"""A job with this many segments left is replaced, so that the next one is ready in time."""
LOOK_S = 0.5
REST_S = 30.0
"""Seconds until another try, where nobody could be hired."""


class Recruiter:
    """Looks after `seats`, changed in place; where transcoders are `named`, only they are hired."""

    def __init__(
        self, node: Node, hiring: Hiring, seats: list[Seat], named: tuple[str, ...]
    ) -> None:
        self._node = node
        self._hiring = hiring
        self._seats = seats
        self._named = named
        self._caught: set[str] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._node.follower.listen(self._on_batch)
        while True:
            await asyncio.sleep(LOOK_S)
            for place, seat in enumerate(self._seats):
                if seat.role == ELECTED:
                    continue  # whoever is elected, elections replace
                try:
                    why = await self._why_replace(seat)
                    if why and not await self._replace(place, why):
                        await asyncio.sleep(REST_S)
                except (ChainError, PeerError, NodeError) as exc:
                    log.warning("seat not replaced", extra={"role": seat.role, "why": str(exc)})
                    await asyncio.sleep(REST_S)

    async def _why_replace(self, seat: Seat) -> str:
        if seat.barred_until:
            # Who was named is not replaced by somebody else, nor hired again: the others go on.
            return "" if self._named else "its work was bad"
        if seat.sent + LAST_SEGMENTS >= seat.job.max_segments > 2 * LAST_SEGMENTS:
            return "its job is used up"
        if not seat.failures_in_a_row:
            return ""
        onchain = await self._node.contracts.JobsManager.call("getJob", seat.job.job_id)
        if onchain["status"] != ACTIVE:
            return "its job is over"
        if seat.failures_in_a_row >= FAILURES_BEFORE_REPLACEMENT and not self._named:
            return f"it failed {seat.failures_in_a_row} times in a row"
        return ""

    async def _replace(self, place: int, why: str) -> bool:
        old = self._seats[place]
        log.warning("replacing a transcoder", extra={"role": old.role, "why": why})
        for candidate in await self._candidates(old):
            try:
                job = await self._hiring.hire(candidate)
            except NoOffer as exc:
                log.warning("not hired", extra={"transcoder": candidate.address, "why": str(exc)})
                continue
            new = Seat(old.role, job, candidate.url)
            self._seats[place] = new
            return True
        return False

    async def _candidates(self, old: Seat) -> list[Candidate]:
        others = {
            seat.job.transcoder for seat in self._seats if seat is not old and seat.role != ELECTED
        }
        if self._named:
            found = await self._hiring.named([old.job.transcoder])
        else:
            found = await self._hiring.from_pool()
            if old.barred_until:
                self._caught.add(old.job.transcoder)
            if old.failures_in_a_row:
                others.add(old.job.transcoder)
            others |= self._caught
        return [each for each in found if each.address not in others]

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.events:
            if (event.contract, event.name) != ("ServiceRegistry", "ServiceURIUpdate"):
                continue
            for seat in self._seats:
                if seat.job.transcoder == event.args["addr"]:
                    log.info("a transcoder moved", extra={"role": seat.role})
                    seat.url = event.args["serviceURI"]
                    seat.did_well()
