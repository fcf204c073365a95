"""Options every command has, and the session they lead to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option

from offchain.chain.deployments import FOLDER, BadDeployment, Deployment, find_deployment
from offchain.chain.errors import BadKey
from offchain.chain.keys import load_keystore, read_password
from scripts._lib.ape_backend import ApeBackend
from scripts._lib.session import NEEDS_ACCOUNT, Backend, Session

Command = Callable[..., Any]
# Where running demos keep theirs.
DEMOS = ".run/*/deployments/*.json"


def reading(function: Command) -> click.Command:
    """A command that only reads: `--network`, `--deployment`; its first argument is the session."""

    @click.command(cls=ConnectedProviderCommand)
    @_deployment
    def cli(provider: Any, deployment: str | None, **arguments: Any) -> Any:
        return function(_open(provider, None, deployment, dry_run=True), **arguments)

    return _as(function, cli)


def sending(function: Command) -> click.Command:
    """A command that sends: `--account` or `--keystore`, and `--dry-run`, besides."""
    return _sending(function, needs_account=True)


def sending_or_reading(function: Command) -> click.Command:
    """A command that may send, and runs without an account until it does."""
    return _sending(function, needs_account=False)


def signing(function: Command) -> Command:
    """`--account` and `--keystore`: whose key signs."""
    for option in (
        click.option(
            "--password-file",
            type=click.Path(path_type=Path),
            help="File with the keystore's password in its first line; asked for if left out.",
        ),
        click.option(
            "--keystore",
            type=click.Path(path_type=Path),
            help="A node's keystore file, instead of an ape account.",
        ),
        account_option(prompt=None),
    ):
        function = option(function)
    return function


def signer_of(account: Any, keystore: Path | None, password_file: Path | None) -> Any:
    """The ape account or the opened keystore, or None where neither is named."""
    if keystore is None:
        return account
    if account is not None:
        raise click.ClickException("name either --account or --keystore")
    try:
        if password_file is not None:
            return load_keystore(keystore, read_password(password_file))
        return load_keystore(keystore, click.prompt(f"Password of {keystore}", hide_input=True))
    except BadKey as error:
        raise click.ClickException(str(error)) from error


def _sending(function: Command, *, needs_account: bool) -> click.Command:
    @click.command(cls=ConnectedProviderCommand)
    @signing
    @_deployment
    @click.option("--dry-run", is_flag=True, help="Say what would happen and send nothing.")
    def cli(
        provider: Any,
        account: Any,
        keystore: Path | None,
        password_file: Path | None,
        deployment: str | None,
        dry_run: bool,
        **arguments: Any,
    ) -> Any:
        signer = signer_of(account, keystore, password_file)
        if needs_account and signer is None:
            raise click.ClickException(NEEDS_ACCOUNT)
        return function(_open(provider, signer, deployment, dry_run=dry_run), **arguments)

    return _as(function, cli)


def choose_deployment(wanted: str | None, backend: Backend) -> tuple[Deployment, Path]:
    """The deployment named, or the only one on this chain, and its file; raises BadDeployment."""
    if wanted is not None:
        path = Path(wanted)
        if path.suffix == ".json":
            return Deployment.load(path), path
        return find_deployment(wanted), FOLDER / f"{wanted}.json"
    found = [
        (candidate, path)
        for path in (*sorted(FOLDER.glob("*.json")), *sorted(Path().glob(DEMOS)))
        if (candidate := Deployment.load(path)).chain_id == backend.chain_id
        and backend.code(candidate.address("Controller"))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadDeployment(
            f"none of the deployments in {FOLDER}/ is on this chain ({backend.chain_id}). For a "
            "local chain give its address, such as --network http://127.0.0.1:8545; otherwise "
            "choose a deployment with --deployment, or make one with ape run deploy"
        )
    paths = " or ".join(str(path) for _, path in found)
    raise BadDeployment(f"several deployments are on this chain: --deployment {paths}")


def _open(provider: Any, signer: Any, wanted: str | None, *, dry_run: bool) -> Session:
    backend = ApeBackend(provider, signer)
    try:
        deployment, path = choose_deployment(wanted, backend)
    except BadDeployment as error:
        raise click.ClickException(str(error)) from error
    session = Session(backend, deployment, path=path, dry_run=dry_run)
    session.check()
    return session


def _deployment(function: Command) -> Command:
    return click.option(
        "--deployment",
        metavar="NAME",
        help="NAME of deployments/NAME.json, or the path of such a file. Left out, it is the one "
        "that is on the network's chain, a running demo's included.",
    )(function)


def _as(function: Command, command: click.Command) -> click.Command:
    """Help and parameters of the function itself; its own arguments come first, in their order."""
    command.run = function  # type: ignore[attr-defined]  # the command given a session
    command.help = inspect.cleandoc(function.__doc__ or "")
    own = list(reversed(getattr(function, "__click_params__", [])))
    command.params = own + [each for each in command.params if each not in own]
    return command
