"""One person at one deployment: reads, tries out, sends, and says what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click
from eth_utils.abi import event_abi_to_log_topic

from offchain.chain.artifacts import UnknownArtifact, artifact
from offchain.chain.contracts import Contract
from offchain.chain.deployments import BadDeployment, Deployment
from offchain.chain.errors import Reverted
from scripts._lib.amounts import eth
from scripts._lib.words import describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


NEEDS_ACCOUNT = "this needs an account: --account NAME (see ape accounts list), or --keystore FILE"


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in the chain: raw logs as JSON-RPC gives them, gas, and the fee in wei."""

    block: int
    gas_used: int
    fee: int
    logs: Sequence[dict[str, Any]]
    created: str = ""


class Backend(Protocol):
    """A chain, and the account that signs on it. Calls raise Reverted."""

    chain_id: int
    # Empty for commands that only read.
    sender: str

    def block_number(self) -> int: ...

    def balance(self, address: str) -> int: ...

    def code(self, address: str) -> bytes: ...

    def gas_price(self) -> int: ...

    def call(self, to: str, data: bytes, value: int = 0) -> bytes: ...

    def estimate_gas(self, to: str, data: bytes, value: int = 0) -> int: ...

    def send(self, to: str, data: bytes, value: int = 0) -> Mined: ...

    def logs(self, address: str, topic: bytes, first_block: int) -> list[dict[str, Any]]: ...


class Session:
    """Contracts by name, read and written through a backend."""

    def __init__(
        self,
        backend: Backend,
        deployment: Deployment,
        *,
        path: Path | None = None,
        dry_run: bool = False,
    ) -> None:
        self.backend = backend
        # The file the deployment was read from, which an upgrade brings up to date.
        self.path = path
        self.deployment = deployment
        self.dry_run = dry_run
        self._contracts: dict[str, Contract] = {}
        self._sent = 0

    @property
    def sender(self) -> str:
        """The account that signs."""
        return self.backend.sender

    def contract(self, name: str) -> Contract:
        """A contract of the deployment, by name."""
        if name not in self._contracts:
            try:
                address = self.deployment.address(name)
                abi = artifact(name).abi
            except (BadDeployment, UnknownArtifact) as error:
                raise click.ClickException(str(error)) from error
            self._contracts[name] = Contract(name, address, abi, None)  # type: ignore[arg-type]
        return self._contracts[name]

    def check(self) -> None:
        """Refuse to go on where the deployment is not on this chain."""
        name, chain_id = self.deployment.name, self.backend.chain_id
        if self.deployment.chain_id != chain_id:
            raise click.ClickException(
                f"deployment {name} is on chain {self.deployment.chain_id}, and the network "
                f"answers for chain {chain_id}; choose one with --network or --deployment"
            )
        if not self.backend.code(self.deployment.address("Controller")):
            raise click.ClickException(
                f"the contracts of deployment {name} are not on this chain; for a local chain "
                "give its address, such as --network http://127.0.0.1:8545"
            )

    def read(self, name: str, function: str, *args: Any) -> Any:
        """What a view answers; a refusal ends the command with its reason."""
        contract = self.contract(name)
        try:
            data = self.backend.call(contract.address, contract.encode(function, *args))
        except Reverted as error:
            raise click.ClickException(f"{name}.{function}: {error.reason}") from error
        return contract.decode_result(function, len(args), data)

    def send(self, what: str, name: str, function: str, *args: Any, value: int = 0) -> list[Any]:
        """Say what will happen, try it out, send it, and say what came of it.

        In a dry run nothing is sent, and a step after the first is not tried out, since it may
        rest on one before it. Returns the decoded events.
        """
        contract = self.contract(name)
        return self.send_raw(what, contract.address, contract.encode(function, *args), value=value)

    def send_raw(self, what: str, to: str, data: bytes, *, value: int = 0) -> list[Any]:
        """`send` with calldata made elsewhere."""
        mined = self._transact(what, to, data, value)
        if mined is None:
            return []
        events = [event for log in mined.logs if (event := self.decode(log))]
        for event in events:
            words = describe(event)
            if words:
                click.echo(f"    {words}")
        return events

    def create(self, what: str, initcode: bytes) -> str:
        """Create a contract; empty in a dry run."""
        mined = self._transact(what, "", initcode, 0)
        return mined.created if mined else ""

    def decode(self, log: dict[str, Any]) -> Any:
        """A raw log as event, if a contract of the deployment wrote it."""
        for name, deployed in self.deployment.contracts.items():
            if deployed.address.lower() == log["address"].lower():
                try:
                    return self.contract(name).decode_log(log)
                except click.ClickException:
                    return None
        return None

    def events(self, name: str, event: str) -> list[Any]:
        """All events of one kind since the deployment, oldest first."""
        contract = self.contract(name)
        abi = artifact(name).abi
        topic = next(
            event_abi_to_log_topic(entry)
            for entry in abi
            if entry["type"] == "event" and entry["name"] == event
        )
        logs = self.backend.logs(contract.address, topic, self.deployment.start_block)
        return [found for log in logs if (found := contract.decode_log(log))]

    def _transact(self, what: str, to: str, data: bytes, value: int) -> Mined | None:
        if not self.sender:
            raise click.ClickException(NEEDS_ACCOUNT)
        first, self._sent = self._sent == 0, self._sent + 1
        click.echo(f"{'Would' if self.dry_run else 'Will'} {what}")
        if value:
            click.echo(f"    with {eth(value)}")
        if self.dry_run and not first:
            click.echo("    (not tried out: it follows a step that was not sent)")
            return None
        try:
            if to:
                self.backend.call(to, data, value)
            if self.dry_run:
                cost = self.backend.estimate_gas(to, data, value) * self.backend.gas_price()
                click.echo(f"    It would cost about {eth(cost)} in gas. Nothing was sent.")
                return None
            mined = self.backend.send(to, data, value)
        except Reverted as error:
            raise click.ClickException(f"refused: {error.reason}") from error
        click.echo(f"    done in block {mined.block} for {eth(mined.fee)} in gas")
        return mined
