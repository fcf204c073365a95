"""Carrying the deployment plan out through a backend, step by step."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import click

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.client import checksum
from offchain.chain.deployment import Call, Deploy, Done, Step, drive, plan
from offchain.chain.errors import Reverted
from scripts._lib.amounts import eth

if TYPE_CHECKING:
    from offchain.chain.deployment import Deployment, ProtocolConfig
    from scripts._lib.session import Backend


def commit_hash() -> bytes:
    """The commit of the sources in this folder, zero where there is none."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return bytes(20)
    return bytes.fromhex(found.stdout.strip())[:20]


def deploy(backend: Backend, config: ProtocolConfig, name: str) -> Deployment:
    """Deploy the protocol from the backend's account, saying each step."""
    spent = 0

    def perform(step: Step) -> Done:
        nonlocal spent
        if isinstance(step, Deploy):
            initcode = encode_constructor(artifact(step.artifact), step.args)
            mined = backend.send("", initcode)
            click.echo(f"  {step.name} at {checksum(mined.created)}")
            spent += mined.fee
            return Done(address=checksum(mined.created))
        if isinstance(step, Call):
            data = encode_call(artifact(step.artifact), step.function, step.args)
            try:
                mined = backend.send(step.address, data, step.value)
            except Reverted as error:
                raise click.ClickException(
                    f"{step.name}.{step.function} was refused: {error.reason}"
                ) from error
            spent += mined.fee
            return Done(address=step.address)
        return Done(address=step.address, code=backend.code(step.address))

    start = backend.block_number()
    steps = plan(config, backend.sender, name=name, chain_id=backend.chain_id, start_block=start)
    deployment = drive(steps, perform)
    click.echo(f"Deployed for {eth(spent)} in gas.")
    return deployment
