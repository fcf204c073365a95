"""`livepeer worker`: run a transcoder, look at one, drain one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from offchain.cli import options as opt
from offchain.cli.bench import bench
from offchain.cli.doctor import doctor
from offchain.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.node.config import Address, Price


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def worker() -> None:
    """Run a transcoder: earn ETH for transcoding live video, and new LPT every round.

    A worker accepts jobs made out to it, transcodes their segments, claims the work on chain, opens
    the samples that are drawn, sits on committees that check other workers, and collects.
    Its key must belong to a registered transcoder: bond LPT to yourself first.

    \b
    Examples:
      python offchain/worker.py run --network local --rpc http://127.0.0.1:8545 \\
          --keystore key.json --password-file pw.txt --data ./worker-data
      python offchain/worker.py doctor … (the same options)
      python offchain/worker.py status --data ./worker-data
      python offchain/worker.py drain --data ./worker-data
    """


worker.add_command(doctor)
worker.add_command(bench)


@worker.command("run")
@opt.config_option
@opt.chain_options
@opt.key_options
@opt.data_option
@opt.option(
    "--listen",
    type=opt.ADDRESS,
    default="127.0.0.1:8935",
    help="Where broadcasters and verifiers reach this worker; port 0 takes a free one.",
)
@opt.option(
    "--admin",
    type=opt.ADDRESS,
    default="127.0.0.1:7935",
    help="Where /metrics, /healthz and /v1/status are served; keep it private.",
)
@opt.option(
    "--service-uri",
    help="Address to register on chain, if peers reach you under another one than --listen.",
    metavar="URL",
)
@opt.option(
    "--price",
    type=opt.PRICE,
    default="0/1",
    help="Least you accept: wei for this many pixels of output.",
)
@opt.option(
    "--parallel", type=click.IntRange(1, 64), default=1, help="Segments transcoded at once."
)
@opt.option(
    "--claim-every",
    type=click.IntRange(1, 1 << 20),
    default=10,
    help="Segments that are claimed together in one transaction.",
)
@opt.option(
    "--appeal-budget",
    type=click.FloatRange(0, 1000),
    default=0.01,
    metavar="ETH",
    help="Most ETH in bonds of appeals against wrong verdicts, counting those that were lost.",
)
@opt.option(
    "--drain-seconds",
    type=click.FloatRange(0, 3600),
    default=60.0,
    help="On SIGTERM: how long to wait for segments in flight and their claim.",
)
@click.option(
    "--cheat",
    type=opt.CHEAT,
    metavar="KIND",
    help="Cheat, to see yourself caught; development chains only. KIND is black, freeze, drop, "
    "repeat, halfrate, upscale, lowrung, stale, otherstream, bitrate, blur, logo, crop, mute, "
    "swapaudio, truncate or phantom.",
)
@click.option(
    "--stubborn",
    type=click.IntRange(1),
    metavar="REQUEST",
    help="In the first chair of this committee request, vote against the truth once; development "
    "chains only.",
)
@opt.log_options
def run_worker(
    network: str,
    rpc: tuple[str, ...],
    poll: float,
    peers_within: tuple[str, ...],
    keystore: Path,
    password_file: Path,
    data: Path,
    listen: Address,
    admin: Address,
    service_uri: str | None,
    price: Price,
    parallel: int,
    claim_every: int,
    appeal_budget: float,
    drain_seconds: float,
    cheat: str | None,
    stubborn: int | None,
    log_level: str,
    log_format: str,
) -> None:
    """Run a transcoder until SIGTERM or Ctrl-C, which finish and claim what is in flight.

    \b
    Exit status: 0 drained and stopped, 69 no chain endpoint answers, 73 port busy, 74 disk or
    database trouble, 77 key or password missing or wrong, 78 wrong chain or not registered.
    """
    from offchain.node.config import WorkerSettings
    from offchain.node.logs import set_up_logs
    from offchain.node.worker import serve

    set_up_logs(log_level, log_format)
    settings = WorkerSettings(
        chain=opt.chain_settings(network, rpc, poll, peers_within),
        key=opt.key_settings(keystore, password_file),
        data=data,
        listen=listen,
        admin=admin,
        service_uri=service_uri,
        price=price,
        parallel=parallel,
        claim_every=claim_every,
        appeal_budget=round(appeal_budget * 10**9) * 10**9,
        drain_s=drain_seconds,
        cheat=cheat,
        stubborn=stubborn,
    )
    run(serve(settings))


@worker.command()
@opt.data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(data: Path, as_json: bool) -> None:
    """Show what a running worker is doing."""
    from offchain.node.control import ask

    show_status(run(ask(data, "status")), as_json)


@worker.command()
@opt.data_option
def drain(data: Path) -> None:
    """Tell a running worker to take nothing new, see its claims settled, and stop."""
    from offchain.node.control import ask

    run(ask(data, "drain"))
    click.echo("The worker is draining; it stops by itself when its last claim is settled.")


def show_status(answer: dict[str, Any], as_json: bool) -> None:
    """Print a node's status as JSON or as a table of names and values."""
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _flat(answer):
        table.add_row(name, value)
    Console().print(table)


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        rows: list[tuple[str, str]] = []
        for key, inner in value.items():
            rows += _flat(inner, f"{prefix}.{key}" if prefix else str(key))
        return rows
    return [(prefix, json.dumps(value) if isinstance(value, list) else str(value))]
