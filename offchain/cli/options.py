"""Options that several commands share, and how the configuration file feeds them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.node.config import (
    Address,
    ChainSettings,
    KeySettings,
    Price,
    read_config_file,
)
from offchain.node.errors import BadSetup, NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


class Sentence(click.ClickException):
    """A failure shown as one sentence, with the exit status of its kind."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Parsed(click.ParamType):
    """A parameter read by a function that raises `BadSetup`."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str | int):
            return value
        try:
            return self._parse(str(value))
        except BadSetup as exc:
            self.fail(str(exc), param, ctx)


def _cheat(text: str) -> str:
    from offchain.node.mischief import parse_cheat  # heavy, and rarely asked for

    return parse_cheat(text)


ADDRESS = _Parsed("host:port", Address.parse)
PRICE = _Parsed("wei/pixels", Price.parse)
CHEAT = _Parsed("kind", _cheat)
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        known = {param.name for param in ctx.command.params if param.name}
        try:
            # click asks flags, then the environment, then this map, then its defaults.
            ctx.default_map = {**(ctx.default_map or {}), **read_config_file(path, known)}
        except NodeError as exc:
            raise Sentence(str(exc), exc.exit_status) from exc
    return path


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def apply(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that can also be set by LIVEPEER_NAME and in the configuration file."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "LIVEPEER_" + long[2:].replace("-", "_").upper()
    settings.setdefault("envvar", variable)
    settings.setdefault("show_default", True)
    return click.option(*names, **settings)


config_option: Callable[[F], F] = click.option(
    "--config",
    type=FILE,
    is_eager=True,
    expose_value=False,
    envvar="LIVEPEER_CONFIG",
    callback=_read_config,
    help="TOML file with any of these options by name; flags and LIVEPEER_* variables win over it.",
)

chain_options: Callable[[F], F] = _stack(
    option(
        "--network",
        required=True,
        help="Deployment to work on: NAME of deployments/NAME.json, or the path of such a file.",
    ),
    option(
        "--rpc",
        multiple=True,
        default=["http://127.0.0.1:8545"],
        help="Chain endpoint (JSON-RPC over http); give several and the node fails over.",
    ),
    option(
        "--poll",
        type=click.FloatRange(0.05, 60),
        default=1.0,
        help="Seconds between looks at the chain's head.",
    ),
    option(
        "--peers-within",
        multiple=True,
        metavar="NETWORK",
        help="Private network (10.0.0.0/8) in which peers may be, too; else public addresses only.",
    ),
)

key_options: Callable[[F], F] = _stack(
    option("--keystore", type=FILE, required=True, help="Encrypted keystore file (version 3)."),
    option(
        "--password-file",
        type=FILE,
        required=True,
        help="File whose first line is the keystore's password; only you may read it (chmod 600).",
    ),
)

log_options: Callable[[F], F] = _stack(
    option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        help="How much to log, to standard error.",
    ),
    option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Lines for people or for machines.",
    ),
)

data_option: Callable[[F], F] = option(
    "--data",
    type=FOLDER,
    required=True,
    help="Folder of this node's database, blobs and control socket; one node each.",
)


def chain_settings(
    network: str, rpc: tuple[str, ...], poll: float, peers_within: tuple[str, ...]
) -> ChainSettings:
    """The chain settings from their options."""
    return ChainSettings(network, tuple(rpc), poll, tuple(peers_within))


def key_settings(keystore: Path, password_file: Path) -> KeySettings:
    """The key settings from their options."""
    return KeySettings(keystore, password_file)
