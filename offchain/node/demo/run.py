"""One run of the demo, from an empty folder to the table; nothing it starts outlives it."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import aiohttp

from offchain.chain.client import ChainClient
from offchain.media.probe import NotAVideo, probe
from offchain.node.demo.anvil import CHAIN_ID, find_anvil, start_anvil
from offchain.node.demo.board import Board
from offchain.node.demo.books import Books
from offchain.node.demo.crew import Crew
from offchain.node.demo.genesis import set_stage
from offchain.node.demo.justice import Justice
from offchain.node.demo.people import create_people
from offchain.node.demo.performance import Performance
from offchain.node.demo.problems import BadArgument, DemoError, MissingTool
from offchain.node.demo.processes import Processes
from offchain.node.demo.watch import ChainWatch
from offchain.web.feed import EventFeed
from offchain.web.server import MissingPlayer, NoFreePort, WebServer, player_script

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rich.console import Console

    from offchain.node.demo.options import Options
    from offchain.node.demo.pace import Pace
    from offchain.node.demo.workspace import Workspace

HOST = "127.0.0.1"
SOUND_CHEATS = ("mute", "swapaudio")


class Stopped(Exception):
    """A signal asked the demo to end."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number


def check_machine(options: Options) -> None:
    """Everything that can be known before anything starts; raises `DemoError`."""
    find_anvil()
    try:
        player_script()
    except MissingPlayer as error:
        raise MissingTool(str(error)) from error
    try:
        clip = probe(options.clip)
    except NotAVideo as error:
        raise BadArgument(str(error)) from error
    if options.cheat in SOUND_CHEATS and not clip.has_audio:
        raise BadArgument(f"{options.clip} has no sound, so nobody can cheat by {options.cheat}")


class Demo:
    """Owns what lives as long as the run: signals, processes, server, connections."""

    def __init__(
        self, options: Options, workspace: Workspace, console: Console, pace: Pace
    ) -> None:
        self._options = options
        self._workspace = workspace
        self._console = console
        self._pace = pace
        self._performance: Performance | None = None
        self._stop: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Runs to the end; raises `Stopped` on a signal, `DemoError` when something fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            processes = await stack.enter_async_context(Processes(self._workspace.logs))
            await self._until_signal(self._whole(stack, session, processes))

    def _on_signal(self, number: signal.Signals) -> None:
        performance = self._performance
        asked_before = performance is not None and performance.finish.is_set()
        if number is signal.SIGINT and performance and performance.can_finish and not asked_before:
            performance.finish.set()
        elif not self._stop.done():
            self._stop.set_result(number)

    async def _until_signal(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        try:
            await asyncio.wait((task, self._stop), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Stopped(self._stop.result())
            await task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _whole(
        self, stack: AsyncExitStack, session: aiohttp.ClientSession, processes: Processes
    ) -> None:
        chain, people = await asyncio.gather(
            start_anvil(processes, session),
            asyncio.to_thread(create_people, self._workspace.keys),
        )
        board, feed = Board(people), EventFeed()
        await self._serve(stack, board, feed)
        self._pace.done("A chain of our own is up")
        client = await stack.enter_async_context(ChainClient([chain.url], chain_id=CHAIN_ID))
        deployments = self._workspace.folder / "deployments"
        stage = await set_stage(
            chain, client, people, deployments / "demo.json", self._options.draw_every
        )
        self._pace.done("Contracts deployed, stakes bonded, rounds begun")
        where = self._workspace.shown(stage.network_file)
        self._pace.say(f"Chain at {chain.url}, its deployment in {where}")
        watch = ChainWatch(client, stage.contracts, stage.start_block)
        books = Books(client, stage.contracts, watch, people, stage.supply_before)
        crew = board.crew = Crew(processes, session, self._workspace, people, self._pace.say)
        justice = Justice(stage.contracts, watch, people)
        performance = Performance(
            self._options, self._pace, people, board, crew, watch, books, feed, justice
        )
        self._performance = performance
        await performance.play(chain, stage)
        table, ledger = await performance.table()
        self._console.print()
        self._console.print(table)
        if not ledger.balanced:
            raise DemoError("the books do not add up; see the table")
        if not all(slash.exact for slash in justice.slashes):
            raise DemoError("a slash took another amount than its fraction; see the table")

    async def _serve(self, stack: AsyncExitStack, board: Board, feed: EventFeed) -> None:
        server = WebServer(board, feed, HOST, self._options.port)
        try:
            await stack.enter_async_context(server)
        except NoFreePort as error:
            raise BadArgument(str(error)) from error
        if server.port != self._options.port:
            self._pace.say(f"Port {self._options.port} is taken, so the next free one serves")
        self._pace.say(f"Watch at [bold]{server.address}[/]")
        self._pace.say(f"Logs are in {self._workspace.shown(self._workspace.logs)}/")
