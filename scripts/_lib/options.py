"""Options every command has, and the session they lead to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option

from offchain.chain.deployments import FOLDER, BadDeployment, Deployment, find_deployment
from scripts._lib.ape_backend import ApeBackend
from scripts._lib.session import Session

Command = Callable[..., Any]


def reading(function: Command) -> click.Command:
    """A command that only reads: `--network`, `--deployment`; its first argument is the session."""

    @click.command(cls=ConnectedProviderCommand)
    @_deployment
    def cli(provider: Any, deployment: str | None, **arguments: Any) -> Any:
        return function(_open(provider, None, deployment, dry_run=True), **arguments)

    return _as(function, cli)


def sending(function: Command) -> click.Command:
    """A command that sends: `--account` and `--dry-run` besides."""
    return _sending(function, ask=True)


def sending_or_reading(function: Command) -> click.Command:
    """A command that may send, and runs without an account until it does."""
    return _sending(function, ask=False)


def _sending(function: Command, *, ask: bool) -> click.Command:
    @click.command(cls=ConnectedProviderCommand)
    @account_option(prompt="Select an account" if ask else None)
    @_deployment
    @click.option("--dry-run", is_flag=True, help="Say what would happen and send nothing.")
    def cli(
        provider: Any, account: Any, deployment: str | None, dry_run: bool, **arguments: Any
    ) -> Any:
        return function(_open(provider, account, deployment, dry_run=dry_run), **arguments)

    return _as(function, cli)


def choose_deployment(wanted: str | None, chain_id: int) -> tuple[Deployment, Path]:
    """The deployment named, or the only one on this chain, and its file; raises BadDeployment."""
    if wanted is not None:
        path = Path(wanted)
        if path.suffix == ".json":
            return Deployment.load(path), path
        return find_deployment(wanted), FOLDER / f"{wanted}.json"
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        candidate = Deployment.load(path)
        if candidate.chain_id == chain_id:
            found.append((candidate, path))
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadDeployment(
            f"no file in {FOLDER}/ is of a deployment on chain {chain_id}: "
            "choose one with --deployment NAME or a path, or make one with ape run deploy"
        )
    names = " or ".join(path.stem for _, path in found)
    raise BadDeployment(
        f"several deployments are on chain {chain_id}: name one with --deployment {names}"
    )


def _open(provider: Any, account: Any, wanted: str | None, *, dry_run: bool) -> Session:
    backend = ApeBackend(provider, account)
    try:
        deployment, path = choose_deployment(wanted, backend.chain_id)
    except BadDeployment as error:
        raise click.ClickException(str(error)) from error
    session = Session(backend, deployment, path=path, dry_run=dry_run)
    session.check()
    return session


def _deployment(function: Command) -> Command:
    return click.option(
        "--deployment",
        metavar="NAME",
        help="NAME of deployments/NAME.json, or the path of such a file. Left out, it is the only "
        "one of the network's chain.",
    )(function)


def _as(function: Command, command: click.Command) -> click.Command:
    """Help and parameters of the function itself; its own arguments come first, in their order."""
    command.run = function  # type: ignore[attr-defined]  # the command given a session
    command.help = inspect.cleandoc(function.__doc__ or "")
    own = list(reversed(getattr(function, "__click_params__", [])))
    command.params = own + [each for each in command.params if each not in own]
    return command
