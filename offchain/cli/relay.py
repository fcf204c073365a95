"""`livepeer relay` and `livepeer watch`: pass streams on, and play them, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from offchain.cli import options as opt
from offchain.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.node.config import Address


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def relay() -> None:
    """Pass live streams on: to players, and to other relays.

    A relay that is asked for a stream finds it, fetches it once, checks every part against its
    broadcaster's signature, and serves it to as many as it has places for.

    \b
    Example:
      python offchain/relay.py run --network local --rpc http://127.0.0.1:8545 \\
          --keystore key.json --password-file pw.txt --data ./relay-data
    """


@relay.command("run")
@opt.config_option
@opt.chain_options
@opt.key_options
@opt.data_option
@opt.option(
    "--listen",
    type=opt.ADDRESS,
    default="127.0.0.1:8937",
    help="Where peers and players reach this relay; port 0 takes a free one.",
)
@opt.option(
    "--admin",
    type=opt.ADDRESS,
    default="127.0.0.1:7937",
    help="Where /metrics, /healthz and /v1/status are served; keep it private.",
)
@opt.option(
    "--public-url", metavar="URL", help="Where peers reach you, if under another one than --listen."
)
@opt.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="URL",
    help="A relay, broadcaster or worker to begin with, besides those registered on chain.",
)
@opt.option(
    "--places",
    type=click.IntRange(1, 100_000),
    default=64,
    help="Readers served at once: relays and players.",
)
@opt.option(
    "--streams", type=click.IntRange(1, 10_000), default=32, help="Streams carried at once."
)
@opt.log_options
def run_relay(
    network: str,
    rpc: tuple[str, ...],
    poll: float,
    peers_within: tuple[str, ...],
    keystore: Path,
    password_file: Path,
    data: Path,
    listen: Address,
    admin: Address,
    public_url: str | None,
    peers: tuple[str, ...],
    places: int,
    streams: int,
    log_level: str,
    log_format: str,
) -> None:
    """Run a relay until SIGTERM or Ctrl-C."""
    from offchain.node.config import RelaySettings
    from offchain.node.logs import set_up_logs
    from offchain.node.relaying import serve

    set_up_logs(log_level, log_format)
    settings = RelaySettings(
        chain=opt.chain_settings(network, rpc, poll, peers_within),
        key=opt.key_settings(keystore, password_file),
        data=data,
        listen=listen,
        admin=admin,
        public_url=public_url,
        peers=tuple(peers),
        places=places,
        streams=streams,
    )
    run(serve(settings))


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("stream", metavar="BROADCASTER/NAME")
@opt.option(
    "--network",
    required=True,
    help="Deployment the broadcaster signs for: NAME of deployments/NAME.json, or a file's path.",
)
@opt.option(
    "--peer", "peers", multiple=True, required=True, metavar="URL", help="A relay to begin with."
)
@opt.option(
    "--listen",
    type=opt.ADDRESS,
    default="127.0.0.1:8938",
    help="Where your player reaches the stream; port 0 takes a free one.",
)
@opt.option(
    "--peers-within",
    multiple=True,
    metavar="NETWORK",
    help="Private network (10.0.0.0/8) in which peers may be, too; else public addresses only.",
)
@opt.log_options
def watch(
    stream: str,
    network: str,
    peers: tuple[str, ...],
    listen: Address,
    peers_within: tuple[str, ...],
    log_level: str,
    log_format: str,
) -> None:
    """Play a stream from the relay network, every part of it checked on this machine.

    Prints an address that any HLS player opens. Needs no key and no chain: what a stream is signed
    with stands in its name.

    \b
    Example:
      livepeer watch 0x14dC…/live --network local --peer http://127.0.0.1:8937
    """
    from offchain.node.config import WatchSettings
    from offchain.node.logs import set_up_logs
    from offchain.node.relaying import watch as gateway

    set_up_logs(log_level, log_format)
    settings = WatchSettings(network, stream, tuple(peers), listen, tuple(peers_within))
    run(gateway(settings, click.echo))
