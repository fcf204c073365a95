"""A whole hearing: every seat of a request in its own node, over HTTP or without."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from offchain.committee.seat import Seat
from offchain.net.blobs import blob_routes
from offchain.net.http import Refused, Server, errors_as_json
from offchain.node.shelf import Shelf
from tests.offchain.committee.test_seat import chairs, sitting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.committee.weigh import BlobSource, Judge
    from tests.offchain.stage import Stage, Worker

CONCLUDED = 6


class Hearing:
    """The seats of request 1, stepped together; `others` step before them."""

    def __init__(self, stage: Stage, seats: list[tuple[Worker, Seat]]) -> None:
        self.stage = stage
        self.seats = seats
        self.others: list[tuple[Worker, Callable[[int], Awaitable[None]]]] = []

    @property
    def committee(self) -> Any:
        return self.seats[0][0].contracts.VerifierCommittee

    async def until(self, done: Callable[[dict[str, Any]], bool], blocks: int = 120) -> Any:
        """Go on block by block until the request is as wanted; return it."""
        for _ in range(blocks):
            request = await self.committee.call("getRequest", 1)
            if done(request):
                return request
            for worker, step in self.others:
                await step(await worker.catch_up())
                await worker.outbox.step()
            for worker, seat in self.seats:
                await seat.step(await worker.catch_up())
                while await seat.judge_next(await worker.catch_up()):
                    pass
                # What has just been judged is committed to in the same block.
                await seat.step(await worker.catch_up())
                await worker.outbox.step()
            self.stage.anvil.mine()
        raise AssertionError(f"the request did not get there: {request}")

    async def concluded(self) -> Any:
        """To the end."""
        return await self.until(lambda request: bool(request["phase"] == CONCLUDED))

    async def penalties(self, address: str) -> list[int]:
        """The faults an account was fined for: 1 no commit, 2 minority, 3 no reveal."""
        worker, _ = self.seats[0]
        await worker.catch_up()
        found = await worker.follower.events("VerifierCommittee", "SeatPenalized", verifier=address)
        return [event.args["fault"] for event in found]


@contextlib.asynccontextmanager
async def hearing(
    stage: Stage,
    client: ChainClient,
    folder: Path,
    place: Callable[[int], tuple[BlobSource, Judge]],
) -> AsyncIterator[Hearing]:
    """All seats of request 1; `place(number)` says what the seat sees and how it judges."""
    async with contextlib.AsyncExitStack() as stack:
        seats = []
        for number, address in enumerate(await chairs(stage, client)):
            worker = await stack.enter_async_context(sitting(stage, client, folder, address))
            source, judge = place(number)
            # A margin as short as the windows of a development chain.
            seat = Seat(worker, worker.verdicts, source, judge, margin=8)
            await seat.open()
            seats.append((worker, seat))
        yield Hearing(stage, seats)


@contextlib.asynccontextmanager
async def blob_server(
    claimant: Callable[[], Worker], serves: Callable[[str], bool]
) -> AsyncIterator[Server]:
    """A claimant's blobs over HTTP, for those whose address `serves` lets in."""

    @web.middleware
    async def choosy(request: web.Request, handler: Any) -> web.StreamResponse:
        if not serves(request.remote or ""):
            raise Refused(404, "this node does not have that blob")
        response: web.StreamResponse = await handler(request)
        return response

    class Late:
        """The claimant's own shelf; its node is open only once the hearing is being arranged."""

        async def find(self, blob_hash: bytes) -> Any:
            return await Shelf(claimant()).find(blob_hash)  # type: ignore[arg-type]

        async def renditions(self, root: bytes) -> Any:
            return await Shelf(claimant()).renditions(root)  # type: ignore[arg-type]

    app = web.Application(middlewares=[errors_as_json, choosy])
    app.add_routes(blob_routes(Late()))
    async with Server(app, "127.0.0.1", 0) as server:
        yield server
