"""Changing the protocol: at once where the account owns it, with notice where the Governor does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from scripts._lib.session import NEEDS_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.chain.deployments import Deployment
    from scripts._lib.session import Session

# (contract, function, arguments)
Change = tuple[str, str, tuple[Any, ...]]
Update = dict[str, Any]

UPDATE_TYPE = "(address[],uint256[],bytes[],uint256)"
PRODUCTION_DELAY = 7_200
DEVELOPMENT_DELAY = 5


def default_delay(deployment: Deployment) -> int:
    """Blocks of notice: a day of Ethereum's where it matters, next to nothing elsewhere."""
    return PRODUCTION_DELAY if deployment.production else DEVELOPMENT_DELAY


def update_hash(update: Update) -> bytes:
    """What the Governor knows an update by."""
    values = (update["target"], update["value"], update["data"], update["nonce"])
    return keccak(encode([UPDATE_TYPE], [values]))


def propose(session: Session, what: str, changes: Sequence[Change], *, delay: int) -> Update | None:
    """Make changes that only the Controller's owner may make.

    The owner's own account makes them at once. If the Governor owns the Controller, its owner
    stages them with `delay` blocks of notice; without any delay they are executed as well. Returns
    the update if it waits.
    """
    if not session.sender:
        raise click.ClickException(NEEDS_ACCOUNT)
    owner = session.read("Controller", "owner")
    if owner == session.sender:
        for contract, function, args in changes:
            session.send(f"{what} ({contract}.{function})", contract, function, *args)
        return None
    governor = session.contract("Governor").address
    if owner != governor:
        raise click.ClickException(
            f"the protocol is owned by {owner}, which is neither the Governor nor {session.sender}"
        )
    stager = session.read("Governor", "owner")
    if stager != session.sender:
        raise click.ClickException(f"only {stager} may stage updates, not {session.sender}")
    update = _fresh(session, changes)
    session.send(
        f"stage: {what}, with {delay} blocks of notice", "Governor", "stage", update, delay
    )
    if delay:
        return update
    session.send(what, "Governor", "execute", update)
    return None


def staged(session: Session) -> list[tuple[Update, int]]:
    """Updates that wait in the Governor, and the block from which each may be executed."""
    waiting: dict[bytes, tuple[Update, int]] = {}
    for event in session.events("Governor", "UpdateStaged"):
        update = event.args["update"]
        digest = update_hash(update)
        ready = session.read("Governor", "updates", digest)
        if ready:
            waiting[digest] = (update, ready)
    return list(waiting.values())


def staged_for(session: Session, calls: Sequence[tuple[str, bytes]]) -> list[tuple[Update, int]]:
    """Those of the staged updates that make a call whose data starts as given."""
    return [
        (update, ready)
        for update, ready in staged(session)
        if any(
            target.lower() == address.lower() and data.startswith(prefix)
            for target, data in zip(update["target"], update["data"], strict=True)
            for address, prefix in calls
        )
    ]


def execute(session: Session, what: str, update: Update, ready: int) -> None:
    """Carry out a staged update whose time has come."""
    # A transaction sent now lands in the next block at the earliest.
    following = session.backend.block_number() + 1
    if following < ready:
        raise click.ClickException(
            f"this update may be executed from block {ready} on, in {ready - following} blocks"
        )
    session.send(what, "Governor", "execute", update)


def _fresh(session: Session, changes: Sequence[Change]) -> Update:
    """The update as the Governor takes it, under the first nonce that is not staged."""
    contracts = [session.contract(contract) for contract, _, _ in changes]
    update: Update = {
        "target": [contract.address for contract in contracts],
        "value": [0] * len(changes),
        "data": [
            contract.encode(function, *args)
            for contract, (_, function, args) in zip(contracts, changes, strict=True)
        ],
        "nonce": 0,
    }
    while session.read("Governor", "updates", update_hash(update)):
        update["nonce"] += 1
    return update
