"""The console script `livepeer`, of which `offchain/worker.py` and the like are parts."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version

import click

# Where each group lives; imported when asked for, so that `--help` is quick.
_GROUPS = {
    "worker": ("offchain.cli.worker", "worker", "Run a transcoder, look at one, drain one."),
    "broadcaster": ("offchain.cli.broadcaster", "broadcaster", "Stream a video to viewers."),
    "relay": ("offchain.cli.relay", "relay", "Pass live streams on to players and relays."),
    "watch": ("offchain.cli.relay", "watch", "Play a stream from the relays, checked here."),
    "tx": ("offchain.cli.tx", "tx", "List, explain and cancel a node's transactions."),
    "keys": ("offchain.cli.keys", "keys", "Make a keystore, see whose it is."),
    "demo": ("offchain.node.demo.command", "demo", "Run a whole network here, with a live page."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _GROUPS:
            return None
        module, name, _ = _GROUPS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in _GROUPS.items()])


def _version() -> str:
    try:
        return version("livepeer")
    except PackageNotFoundError:
        return "not installed"


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="livepeer")
def main() -> None:
    """Live video, transcoded by a network that is paid on chain.

    Run a node, look at what it does, manage its keys and transactions.
    """
