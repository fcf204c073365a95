"""ape run deploy --preset development --name local: put the whole protocol on a chain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from ape.cli import ConnectedProviderCommand

from offchain.chain.artifacts import UnknownArtifact
from offchain.chain.deployment import PRESETS
from offchain.chain.deployments import FOLDER
from scripts._lib.amounts import ADDRESS, eth, lpt
from scripts._lib.ape_backend import ApeBackend
from scripts._lib.deploying import commit_hash, deploy
from scripts._lib.options import signer_of, signing
from scripts._lib.session import NEEDS_ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.deployment import ProtocolConfig


@click.command(cls=ConnectedProviderCommand)
@signing
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS)),
    required=True,
    help="Parameters: `development` has short rounds and windows, `mainnet` Livepeer's own.",
)
@click.option("--name", required=True, help="The deployment is written to deployments/NAME.json.")
@click.option("--governor-owner", type=ADDRESS, help="Who may stage updates; you, if left out.")
@click.option("--force", is_flag=True, help="Replace deployments/NAME.json if there is one.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and send nothing.")
def cli(
    provider: Any,
    account: Any,
    keystore: Path | None,
    password_file: Path | None,
    preset: str,
    name: str,
    governor_owner: str | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Deploy the protocol and hand it to its Governor."""
    path = FOLDER / f"{name}.json"
    if path.exists() and not force:
        raise click.ClickException(f"{path} is there already; --force replaces it")
    config = replace(PRESETS[preset](), governor_owner=governor_owner or "", commit=commit_hash())
    signer = signer_of(account, keystore, password_file)
    if signer is None:
        raise click.ClickException(NEEDS_ACCOUNT)
    backend = ApeBackend(provider, signer)
    describe(config, backend)
    if dry_run:
        click.echo("Nothing was sent.")
        return
    try:
        deployment = deploy(backend, config, name)
    except UnknownArtifact as error:
        raise click.ClickException(str(error)) from error
    deployment.save(path)
    click.echo(f"Written to {path}.")


def describe(config: ProtocolConfig, backend: ApeBackend) -> None:
    """What is going to be deployed, where and by whom."""
    owner = config.governor_owner or backend.sender
    click.echo(
        f"Deploying to chain {backend.chain_id} from {backend.sender} "
        f"({eth(backend.balance(backend.sender))}):\n"
        f"  rounds of {config.round_length} blocks, unbonding takes {config.unbonding_period}\n"
        f"  {config.num_active_transcoders} active transcoders with at least "
        f"{lpt(config.min_self_stake)} of their own\n"
        f"  {lpt(config.initial_supply)} minted to {backend.sender}"
        + (f", {lpt(config.faucet_supply)} to the faucet" if config.faucet_request else "")
        + f"\n  updates staged by {owner}"
    )
