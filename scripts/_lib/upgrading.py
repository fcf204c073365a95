"""Replacing the code behind a proxy: compile, compare layouts, deploy, stage, execute, verify."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.chain.client import checksum
from offchain.chain.deployment import COMPANIONS, PROXIED, name_hash
from offchain.chain.deployments import Deployed
from offchain.chain.layouts import Variable, differences, variables
from scripts._lib import compiling, governing
from scripts._lib.deploying import commit_hash

if TYPE_CHECKING:
    from pathlib import Path

    from scripts._lib.governing import Change
    from scripts._lib.session import Session


@dataclass(frozen=True, slots=True)
class Compiled:
    """Code as the sources make it now: the name it is registered under, and what it needs."""

    registered: str
    initcode: bytes
    runtime: bytes
    layout: tuple[Variable, ...]


def compile_now(contract: str, folder: Path = compiling.CONTRACTS) -> list[Compiled]:
    """The code behind a proxy and its companions, compiled from the sources in `folder`."""
    if contract not in PROXIED:
        raise click.ClickException(
            f"{contract} is not behind a proxy; these are: {', '.join(PROXIED)}"
        )
    paths = {path.stem: path for path in compiling.deployables(folder)}
    compiled = []
    for name in (contract, *COMPANIONS.get(contract, ())):
        if name not in paths:
            raise click.ClickException(f"there is no {name}.vy in {folder}")
        click.echo(f"compiling {paths[name].name}")
        try:
            made = compiling.compile_contract(paths[name], folder.parent)
        except Exception as error:
            raise click.ClickException(f"{name} does not compile:\n{error}") from error
        compiled.append(
            Compiled(
                registered=f"{name}Target" if name == contract else name,
                initcode=bytes.fromhex(made["bytecode"][2:]),
                runtime=bytes.fromhex(made["runtimeBytecode"][2:]),
                layout=variables(made["layout"]),
            )
        )
    return compiled


def refuse_other_layouts(session: Session, contract: str, compiled: list[Compiled]) -> None:
    """End with the diff unless all the new code may run on the storage there is."""
    deployed = session.deployment.contracts.get(contract, Deployed("", b"")).layout
    if not deployed:
        raise click.ClickException(
            f"deployment {session.deployment.name} does not say how {contract} keeps its storage"
        )
    for each in compiled:
        found = differences(deployed, each.layout)
        if found:
            raise click.ClickException(
                f"{each.registered} would misread the storage of {contract}:\n"
                + "\n".join(found)
                + "\nVariables may only be added after all others; nothing was sent."
            )
    added = compiled[0].layout[len(deployed) :]
    click.echo(f"storage layout: compatible, {len(added)} variables added")
    for variable in added:
        click.echo(f"  + {variable}")


def stage(session: Session, contract: str, compiled: list[Compiled], delay: int) -> None:
    """Deploy what changed and stage its registration; executed at once where nobody must wait."""
    changed = [each for each in compiled if not _is_deployed(session, each)]
    if not changed:
        raise click.ClickException(f"the code of {contract} is what its sources make; all is done")
    controller = session.deployment.address("Controller")
    changes: list[Change] = []
    targets = {}
    for each in changed:
        initcode = each.initcode + encode(["address"], [controller])
        created = session.create(f"deploy the new {each.registered}", initcode)
        if session.dry_run:
            click.echo(f"Would then register it as {each.registered}, after {delay} blocks")
            continue
        address = checksum(created)
        if session.backend.code(address) != each.runtime:
            raise click.ClickException(f"the code at {address} is not what was compiled")
        targets[each.registered] = address
        entry = (name_hash(each.registered), address, commit_hash())
        changes.append(("Controller", "setContractInfo", entry))
    if session.dry_run:
        return
    waiting = governing.propose(session, f"upgrade {contract}", changes, delay=delay)
    if waiting is None:
        record(session, contract, compiled)
        return
    click.echo(f"Once the notice is over: ape run upgrade {contract} --execute")


def execute(
    session: Session, contract: str, *, rollback: bool, folder: Path = compiling.CONTRACTS
) -> None:
    """Execute the staged upgrade of a contract and verify that it took."""
    found = governing.staged_for(session, _registrations(session, contract))
    if not found:
        raise click.ClickException(f"no update of {contract} is staged")
    update, ready = found[-1]
    compiled = [] if rollback else compile_now(contract, folder)
    by_name = {name_hash(each.registered): each for each in compiled}
    for data in update["data"]:
        source = by_name.get(data[4:36])
        if source and session.backend.code(_address_in(data)) != source.runtime:
            raise click.ClickException(
                f"the staged {source.registered} is not what these sources make: check out the "
                "commit it was built from, or pass --rollback to go back to earlier code"
            )
    governing.execute(session, f"upgrade {contract}", update, ready)
    if not session.dry_run:
        record(session, contract, compiled)


def roll_back(session: Session, contract: str, delay: int) -> None:
    """Stage the registration of the code that ran before."""
    changes: list[Change] = []
    for name in _registered_names(contract):
        history = [
            event.args
            for event in session.events("Controller", "SetContractInfo")
            if event.args["id"] == name_hash(name)
        ]
        earlier = [
            each for each in history if each["contractAddress"] != history[-1]["contractAddress"]
        ]
        if earlier:
            entry = (name_hash(name), earlier[-1]["contractAddress"], earlier[-1]["gitCommitHash"])
            changes.append(("Controller", "setContractInfo", entry))
            click.echo(f"{name} goes back to {entry[1]}")
    if not changes:
        raise click.ClickException(f"{contract} has never been upgraded; nothing to go back to")
    waiting = governing.propose(session, f"roll {contract} back", changes, delay=delay)
    if session.dry_run:
        return
    if waiting is None:
        record(session, contract, [])
        return
    click.echo(f"Once the notice is over: ape run upgrade {contract} --execute --rollback")


def record(session: Session, contract: str, compiled: list[Compiled]) -> None:
    """Verify what now runs behind the proxy, and bring the deployment's file up to date."""
    contracts = dict(session.deployment.contracts)
    for name in _registered_names(contract):
        address = session.read("Controller", "getContract", name_hash(name))
        code = session.backend.code(address)
        if not code:
            raise click.ClickException(f"{name} is registered at {address}, which has no code")
        contracts[name] = Deployed(address, keccak(code))
    if session.read(contract, "controller") != session.deployment.address("Controller"):
        raise click.ClickException(f"{contract} does not answer any more; roll it back")
    layout = compiled[0].layout if compiled else contracts[contract].layout
    contracts[contract] = replace(contracts[contract], layout=layout)
    session.deployment = replace(session.deployment, contracts=contracts)
    if session.path is not None:
        session.deployment.save(session.path)
    click.echo(f"{contract} now runs the code at {contracts[f'{contract}Target'].address}")


def _registered_names(contract: str) -> tuple[str, ...]:
    return (f"{contract}Target", *COMPANIONS.get(contract, ()))


def _registrations(session: Session, contract: str) -> list[tuple[str, bytes]]:
    controller = session.contract("Controller")
    zero = "0x" + "00" * 20
    return [
        (
            controller.address,
            controller.encode("setContractInfo", name_hash(name), zero, bytes(20))[:36],
        )
        for name in _registered_names(contract)
    ]


def _address_in(data: bytes) -> str:
    return checksum("0x" + data[48:68].hex())


def _is_deployed(session: Session, compiled: Compiled) -> bool:
    address: Any = session.read("Controller", "getContract", name_hash(compiled.registered))
    return session.backend.code(address) == compiled.runtime
