"""The commands at work on the in-process chain: everything but ape itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from offchain.chain.deployment import Deployment, development
from offchain.chain.errors import Reverted as ChainReverted
from scripts._lib.deploying import deploy
from scripts._lib.session import Mined, Session
from tests.contracts.harness import ZERO, Chain, Reverted

GAS_PRICE = 10**9


class HarnessBackend:
    """What a session asks of a chain, answered by the harness; a transaction mines its block."""

    def __init__(self, chain: Chain, sender: str, journal: list[dict[str, Any]]) -> None:
        self.chain = chain
        self.sender = sender
        self.chain_id = 31_337
        self._journal = journal

    def block_number(self) -> int:
        """The last block that is finished."""
        return self.chain.block - 1

    def balance(self, address: str) -> int:
        """Wei."""
        return self.chain.balance(address)

    def code(self, address: str) -> bytes:
        """Runtime code."""
        return self.chain.code(address)

    def gas_price(self) -> int:
        """Wei per gas."""
        return GAS_PRICE

    def call(self, to: str, data: bytes, value: int = 0) -> bytes:
        """What a transaction would return."""
        with self.chain.isolate():
            return self._send(to, data, value).value  # type: ignore[no-any-return]

    def estimate_gas(self, to: str, data: bytes, value: int = 0) -> int:
        """Gas of a transaction, roughly."""
        with self.chain.isolate():
            if not to:
                self.chain.create(data, sender=self.sender)
                return 200 * len(data)
            return self._send(to, data, value).gas_used

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Carry it out in a block of its own."""
        created, logs, gas = "", [], 0
        if to:
            receipt = self._send(to, data, value)
            gas = receipt.gas_used
            logs = [self._raw(*log) for log in receipt.logs]
        else:
            created = self.chain.create(data, sender=self.sender)
        self._journal.extend(logs)
        block = self.chain.block
        self.chain.mine()
        return Mined(block, gas, gas * GAS_PRICE, logs, created)

    def logs(self, address: str, topic: bytes, first_block: int) -> list[dict[str, Any]]:
        """Raw logs from a block on."""
        return [
            log
            for log in self._journal
            if log["address"] == address
            and log["topics"][0] == "0x" + topic.hex()
            and int(log["blockNumber"], 16) >= first_block
        ]

    def _send(self, to: str, data: bytes, value: int) -> Any:
        try:
            return self.chain.send(to, data, sender=self.sender or ZERO, value=value)
        except Reverted as error:
            raise ChainReverted("harness", error.reason, error.data) from error

    def _raw(self, address: str, topics: list[bytes], data: bytes) -> dict[str, Any]:
        return {
            "address": address,
            "topics": ["0x" + topic.hex() for topic in topics],
            "data": "0x" + data.hex(),
            "blockNumber": hex(self.chain.block),
            "blockHash": "0x" + "00" * 32,
            "transactionHash": "0x" + "00" * 32,
            "logIndex": "0x0",
        }


class World:
    """A governed deployment, and sessions of whoever works with it."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.journal: list[dict[str, Any]] = []
        self.governance = self.chain.accounts[0]
        config = replace(development(), min_self_stake=0)
        backend = HarnessBackend(self.chain, self.governance, self.journal)
        self.deployment: Deployment = deploy(backend, config, "test")
        self.path: Path | None = None

    def session(self, account: str = "", *, dry_run: bool = False) -> Session:
        """A command's view of the chain for an account."""
        backend = HarnessBackend(self.chain, account, self.journal)
        return Session(backend, self.deployment, path=self.path, dry_run=dry_run)

    def run(self, command: str, account: str, *args: Any, dry_run: bool = False) -> Session:
        """Run a command as an account."""
        session = self.session(account, dry_run=dry_run)
        module = importlib.import_module(f"scripts.{command}")
        module.cli.run(session, *args)
        return session

    def next_round(self, rounds: int = 1) -> None:
        """Go to a later round and start it."""
        length = self.session().read("RoundsManager", "roundLength")
        start = self.session().read("RoundsManager", "currentRoundStartBlock")
        self.chain.mine_to(start + rounds * length)
        self.run("initialize-round", self.governance)

    def rich(self, label: str, wei: int = 1_000 * 10**18) -> str:
        """An account with LPT."""
        account = self.chain.account(label)
        self.session(self.governance).send("fund", "LivepeerToken", "transfer", account, wei)
        return account


@pytest.fixture(scope="session")
def _deployed() -> World:
    return World()


@pytest.fixture
def world(_deployed: World, tmp_path: Path) -> Iterator[World]:
    """The deployment at the start of a round, its file in a folder of the test's own."""
    deployment, journal = _deployed.deployment, list(_deployed.journal)
    with _deployed.chain.isolate():
        _deployed.path = tmp_path / "deployments" / "test.json"
        _deployed.deployment.save(_deployed.path)
        _deployed.next_round()
        yield _deployed
    _deployed.deployment = deployment
    _deployed.journal[:] = journal


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What has been printed since the last time of asking."""

    def read() -> str:
        return capsys.readouterr().out

    return read
