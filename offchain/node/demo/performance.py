"""The run once the stage is set: nodes start, a stream plays, claims settle, a table is read."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from offchain.chain.errors import ChainError
from offchain.node.demo.crew import Show
from offchain.node.demo.genesis import PRICE
from offchain.node.demo.hurry import Hurry
from offchain.node.demo.ledger import reckon
from offchain.node.demo.problems import DemoError
from offchain.node.demo.progress import Progress
from offchain.node.demo.report import write_report
from offchain.node.demo.table import final_table
from offchain.web.narrator import Line, Narrator
from offchain.web.words import count, joined

if TYPE_CHECKING:
    from rich.console import Group

    from offchain.node.demo.anvil import Anvil
    from offchain.node.demo.board import Board
    from offchain.node.demo.books import Books
    from offchain.node.demo.crew import Crew
    from offchain.node.demo.genesis import Stage
    from offchain.node.demo.justice import Justice
    from offchain.node.demo.ledger import Ledger
    from offchain.node.demo.options import Options
    from offchain.node.demo.pace import Pace
    from offchain.node.demo.people import People, Person
    from offchain.node.demo.watch import ChainWatch
    from offchain.web.feed import EventFeed

ELECT_EVERY = 3  # one segment in three goes to whoever is elected
CHECK_EVERY = 4  # and the broadcaster looks at one in four itself,
CHECK_CHEAT_EVERY = 2  # or at every second one where there is something to be seen
STUBBORN_REQUEST = 1
BLOCK_SECONDS = 1
SPARE_SEGMENTS = 30  # more than the stream has, so that some of the escrow comes back
LOOP_SEGMENTS = 1_000  # in each job while the clip loops; a job used up is followed by another
READY_SECONDS = 90.0
FIRST_PICTURE_SECONDS = 90.0
STREAM_SLACK_SECONDS = 120.0
SETTLE_SECONDS = 240.0
LOOK_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Performance:
    """Plays the stream through the network. `finish` ends a looping one."""

    def __init__(
        self,
        options: Options,
        pace: Pace,
        people: People,
        board: Board,
        crew: Crew,
        watch: ChainWatch,
        books: Books,
        feed: EventFeed,
        justice: Justice,
    ) -> None:
        self._options = options
        self._pace = pace
        self._board = board
        self._crew = crew
        self._watch = watch
        self._books = books
        self._feed = feed
        self._people = people
        self._narrator = Narrator(people.names)
        self._told = 0
        self._progress = Progress(watch, people)
        self._justice = justice
        self._caught: list[str] = []
        self._stream_over = asyncio.Event()
        self.finish = asyncio.Event()
        self.can_finish = False

    async def play(self, chain: Anvil, stage: Stage) -> None:
        """Starts the nodes and returns when the stream has ended and, with `once`, is paid."""
        await chain.tick(BLOCK_SECONDS)
        await self._start_workers(self._people.hired, chain, stage)
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self._watch.run()),
                tasks.create_task(self._tell()),
                tasks.create_task(self._look_after(stage)),
            ]
            try:
                await self._cast(chain, stage)
                await self._acts(chain, stage)
            finally:
                for task in background:
                    task.cancel()

    async def _cast(self, chain: Anvil, stage: Stage) -> None:
        """Starts the broadcaster once the two it will hire can be reached."""
        ready = self._watch.until(lambda: self._progress.hirable)
        await self._within(READY_SECONDS, ready, "the workers did not get ready")
        self._pace.done("The first two workers are up")
        await self._crew.start_broadcaster(stage.network_file, chain.url, self._show())

    async def _start_workers(self, people: tuple[Person, ...], chain: Anvil, stage: Stage) -> None:
        await self._crew.start_workers(
            people, stage.network_file, chain.url, self._options.claim_every, self._mischief()
        )

    def _mischief(self) -> dict[str, list[str]]:
        """What somebody does wrong, so that one sees what comes of it: options by name."""
        options: dict[str, list[str]] = {person.name: [] for person in self._people.transcoders}
        if self._options.stubborn:
            for each in options.values():
                each += ["--stubborn", str(STUBBORN_REQUEST)]
        if self._options.cheat is not None:
            options[self._people.hired[0].name] += ["--cheat", self._options.cheat]
        return options

    def _show(self) -> Show:
        options = self._options
        segments = int(options.seconds / options.segment_seconds) + SPARE_SEGMENTS
        return Show(
            clip=options.clip,
            seconds=options.seconds if options.once else None,
            price=f"{PRICE[0]}/{PRICE[1]}",
            most_segments=segments if options.once else LOOP_SEGMENTS,
            source_height=options.source_height,
            segment_seconds=options.segment_seconds,
            elect_every=ELECT_EVERY,
            check_every=CHECK_EVERY if options.cheat is None else CHECK_CHEAT_EVERY,
        )

    async def _acts(self, chain: Anvil, stage: Stage) -> None:
        self._board.phase = self._board.waiting = "Waiting for the first picture…"
        await self._within(FIRST_PICTURE_SECONDS, self._picture(), "no picture came")
        await self._ask()
        self._pace.first_picture = self._pace.seconds
        self._board.playing = True
        self._pace.done("First picture")
        # Who only checks is not needed before the first claim, and would slow the first picture.
        await self._start_workers(self._people.others, chain, stage)
        self._board.phase = f"Live: {self._programme()}"
        if not self._options.once:
            self.can_finish = True
            self._pace.say("The clip loops; Ctrl-C ends the demo and prints the table")
            await self.finish.wait()
            return
        patience = self._options.seconds + STREAM_SLACK_SECONDS
        await self._within(patience, self._stream_over.wait(), "the stream did not end")
        self._pace.done(f"Streamed {count(self._progress.segments_out, 'segment')}")
        self._board.over = True
        self._board.phase = "The stream is over; the last claims are being checked and paid"
        settled = self._settle(chain, stage)
        await self._within(SETTLE_SECONDS, settled, "the claims were not settled")
        self._pace.done("The rest of the escrow returned")
        self._board.phase = "All paid"

    def _programme(self) -> str:
        """`Big Buck Bunny, 640×360, transcoded to 240p and 144p`."""
        words = [self._options.title]
        rungs = self._progress.broadcast.get("stream", {}).get("rungs", [])
        if rungs:
            source, *ladder = rungs
            words.append(f"{source['width']}×{source['height']}")
            words.append(f"transcoded to {joined(rung['name'] for rung in ladder)}")
        if self._options.cheat is not None:
            words.append(f"and {self._people.hired[0].name} cheats ({self._options.cheat})")
        return ", ".join(words)

    async def _settle(self, chain: Anvil, stage: Stage) -> None:
        """Waits for every claim to end and every job to be closed, skipping empty windows."""
        progress = self._progress
        hurry = Hurry(chain, stage.contracts, progress)
        async with asyncio.TaskGroup() as tasks:
            hurrying = tasks.create_task(hurry.run())
            await self._watch.until(lambda: self._is_settled)
            self._pace.done("Every claim checked and settled")
            await self._watch.until(lambda: progress.jobs_closed)
            hurrying.cancel()

    @property
    def _is_settled(self) -> bool:
        """Whether all work is claimed and every claim has ended, a cheater's with its slash."""
        progress = self._progress
        over = progress.settled and progress.all_claimed
        return over and (self._options.cheat is None or progress.slashed)

    async def _within(self, seconds: float, wait: Any, problem: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                await wait
        except TimeoutError:
            raise DemoError(
                f"{problem} within {seconds:.0f} s; the logs in {self._crew.logs}/ say more"
            ) from None

    async def _picture(self) -> None:
        while True:
            if await self._crew.has_picture():
                return
            await asyncio.sleep(0.1)

    async def _tell(self) -> None:
        """Puts every new event in words on the page."""
        while True:
            await self._watch.until(lambda: len(self._watch.events) > self._told)
            for event in self._watch.events[self._told :]:
                line = self._narrator.tell(event)
                if line is not None:
                    await self._feed.append(line)
                self._told += 1

    async def _look_after(self, stage: Stage) -> None:
        """Once a second: lost nodes, the nodes' figures, the books."""
        while True:
            await self._crew.mind()
            await self._ask()
            await self._tell_caught()
            try:
                await self._justice.look()
                await self._refresh(stage)
            except ChainError as error:
                # If the chain is gone, the next look at the processes says so.
                logger.warning("the page's figures are late: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _refresh(self, stage: Stage) -> None:
        if self._watch.block < stage.start_block:
            return
        ledger = await self._ledger()
        round_number = await stage.contracts.RoundsManager.call("currentRound")
        self._board.refresh(self._watch.block, round_number, self._progress, ledger)

    async def _ask(self) -> None:
        await self._crew.ask_all()
        if self._crew.broadcaster is not None:
            self._progress.broadcast = self._crew.broadcaster.status
            if self._progress.stream_over:
                self._stream_over.set()

    async def _tell_caught(self) -> None:
        """Puts on the page what the broadcaster's own eyes found: no event of the chain says it."""
        bad = self._progress.broadcast.get("pictures", {}).get("bad", [])
        for words in bad[len(self._caught) :]:
            self._caught.append(words)
            told = words
            for address, name in self._people.names.items():
                told = told.replace(address, name)
            text = f"{self._people.broadcaster.name} looked at {told}; others do its work now"
            line = Line(text, "trouble", self._watch.block, "Broadcaster", "BadWork")
            await self._feed.append(line)
            self._pace.say(text)

    async def _ledger(self) -> Ledger:
        return reckon(await self._books.read())

    async def table(self) -> tuple[Group, Ledger]:
        """The final table, read from chain and nodes now, and the ledger in it."""
        await self._watch.catch_up()
        await self._ask()
        await self._tell_caught()
        await self._justice.look()
        ledger = await self._ledger()
        progress = self._progress
        claims = progress.claims()
        stream = self._stream_figures()
        if self._options.report is not None:
            write_report(
                self._options.report,
                stream,
                self._pace.phases,
                claims,
                ledger,
                self._justice,
                self._caught,
            )
        rows = [(name, f"{value:,.2f}".removesuffix(".00")) for name, value in stream.items()]
        justice = self._justice
        return final_table(rows, claims, ledger, justice.slashes, justice.fines()), ledger

    def _stream_figures(self) -> dict[str, float]:
        """Counts are segments, times seconds; factors are seconds of video per second of work."""
        progress = self._progress
        figures: dict[str, float] = {
            "segments in": progress.segments_in,
            "segments out, transcoded and checked": progress.segments_out,
            "segments claimed": progress.claimed,
            "real-time factor of the stream": progress.real_time_factor,
        }
        for node in self._crew.workers.values():
            if speed := progress.speed(node.status):
                figures[f"real-time factor of {node.name}'s worker"] = speed
        if self._pace.first_picture is not None:
            figures["first picture after, s"] = self._pace.first_picture
        figures["whole run, s"] = self._pace.seconds
        return figures
