"""A chain in this process: compiled contracts on an EVM, thousands of calls a second.

Gas figures here are no receipts: slots stay warm from one call to the next. Measure gas on anvil.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from offchain.chain.artifacts import artifact, encode_constructor
from tests.contracts.harness.codec import LIBRARY, Codec, Event, Reverted

CHAIN_ID = 31_337
RICH = 10**24
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
ZERO = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction did: its result, its events in order, its gas (warm slots and all)."""

    value: Any
    gas_used: int
    logs: Sequence[tuple[str, list[bytes], bytes]]
    chain: Chain = field(repr=False, compare=False)

    @property
    def events(self) -> list[Event]:
        """All events that a known contract's ABI explains, in order."""
        return [event for log in self.logs if (event := self.chain.decode(*log))]

    def named(self, name: str) -> list[Event]:
        """The events of this name."""
        return [event for event in self.events if event.name == name]


@dataclass(frozen=True, slots=True)
class Point:
    """A state of the chain to go back to."""

    checkpoint: Any
    block: int
    timestamp: int
    undo: int


class Contract:
    """A deployed contract: `c.balanceOf(who)` reads, `c.transfer(to, 1, sender=who)` sends."""

    def __init__(self, chain: Chain, name: str, address: str, codec: Codec) -> None:
        self.name_of_contract = name
        self.address = to_checksum_address(address)
        self.codec = codec
        self.chain = chain

    def __repr__(self) -> str:
        return f"{self.name_of_contract}({self.address})"

    def __getattr__(self, name: str) -> Bound:
        function = self.codec.by_name.get(name)
        if function is None:
            raise AttributeError(f"{self.name_of_contract} has no function {name}")
        bound = Bound(self, name)
        self.__dict__[name] = bound
        return bound

    def events(self, receipt: Receipt, name: str | None = None) -> list[Event]:
        """This contract's events in a receipt."""
        return [
            event
            for event in receipt.events
            if event.address == self.address and name in (None, event.name)
        ]


class Bound:
    """A function of a contract: called, it reads or sends, by its mutability."""

    def __init__(self, contract: Contract, name: str) -> None:
        self._contract = contract
        self._name = name

    def __call__(
        self,
        *args: Any,
        sender: Any = None,
        value: int = 0,
    ) -> Any:
        contract = self._contract
        function = contract.codec.function(self._name, len(args))
        data = function.encode(args)
        if function.is_view:
            output = contract.chain.read(contract.address, data, sender=sender)
            return function.decode(output)
        receipt = contract.chain.send(contract.address, data, sender=sender, value=value)
        return Receipt(
            function.decode(receipt.value), receipt.gas_used, receipt.logs, contract.chain
        )

    def encode(self, *args: Any) -> bytes:
        """Calldata."""
        return self._contract.codec.function(self._name, len(args)).encode(args)

    def try_call(self, *args: Any, sender: Any = None, value: int = 0) -> Any:
        """What a transaction would return; nothing it does is kept."""
        with self._contract.chain.isolate():
            result = self(*args, sender=sender, value=value)
        return result.value if isinstance(result, Receipt) else result


class Chain:
    """Blocks, accounts and contracts. The default sender is the first account."""

    def __init__(self, accounts: int = 20) -> None:
        self.block = 1
        self.timestamp = 1_700_000_000
        self.prevrandao: bytes | None = None
        # Undoes what was written past the EVM's journal: balances, code, storage set by hand.
        self._undo: list[Callable[[], None]] = []
        # Size is judged by the golden test alone, so that behaviour can be tested meanwhile.
        cfg = CfgEnv(chain_id=CHAIN_ID, limit_contract_code_size=1 << 20)
        self._evm = EVM(env=Env(cfg=cfg), spec_id="CANCUN")
        self.accounts = [self.account(f"account {index}") for index in range(accounts)]
        self._contracts: dict[str, Contract] = {}
        self._set_block()

    def account(self, label: str, balance: int = RICH) -> str:
        """An account for `label`, the same each time, with `balance` wei."""
        address = to_checksum_address(keccak(text=f"harness {label}")[12:])
        self.set_balance(address, balance)
        return address

    def deploy(self, name: str, *args: Any, sender: Any = None, value: int = 0) -> Contract:
        """Create a contract from its artifact."""
        code = encode_constructor(artifact(name), [getattr(each, "address", each) for each in args])
        address = self.create(code, sender=sender, value=value)
        return self.at(name, address)

    def create(self, initcode: bytes, *, sender: Any = None, value: int = 0) -> str:
        """Create a contract from initcode."""
        try:
            return to_checksum_address(
                self._evm.deploy(self._sender(sender), initcode, value=value)
            )
        except RuntimeError as error:
            raise self._reverted(error) from None

    def at(self, name: str, address: str) -> Contract:
        """The contract at an address, by the ABI of the artifact `name`."""
        contract = Contract(self, name, address, LIBRARY.codec(name))
        self._contracts[contract.address] = contract
        return contract

    def read(self, to: str, data: bytes, *, sender: Any = None) -> bytes:
        """A static call; raises Reverted."""
        try:
            return bytes(
                self._evm.message_call(self._sender(sender), to, calldata=data, is_static=True)
            )
        except RuntimeError as error:
            raise self._reverted(error) from None

    def send(self, to: str, data: bytes = b"", *, sender: Any = None, value: int = 0) -> Receipt:
        """A transaction in the current block; raises Reverted and then leaves nothing behind."""
        self._evm.reset_transient_storage()
        try:
            output = self._evm.message_call(
                self._sender(sender), getattr(to, "address", to), calldata=data, value=value
            )
        except RuntimeError as error:
            raise self._reverted(error) from None
        result = self._evm.result
        logs = [
            (
                to_checksum_address(log.address),
                [bytes.fromhex(topic.removeprefix("0x")) for topic in log.topics],
                log.data[1],
            )
            for log in result.logs
        ]
        return Receipt(bytes(output), result.gas_used, logs, self)

    def mine(self, blocks: int = 1, seconds: int | None = None) -> None:
        """Let blocks pass, 12 s each unless told otherwise."""
        self.block += blocks
        self.timestamp += 12 * blocks if seconds is None else seconds
        self._set_block()

    def mine_to(self, block: int) -> None:
        """Let blocks pass until `block` is the current one."""
        self.mine(block - self.block)

    def balance(self, account: Any) -> int:
        """ETH in wei."""
        return int(self._evm.get_balance(self._sender(account)))

    def set_balance(self, account: Any, wei: int) -> None:
        """Give an account this much ETH."""
        address = self._sender(account)
        gift = wei - self._evm.get_balance(address)
        # What was paid before and after is undone by the EVM, which does not know of the gift; an
        # account that did not exist before is gone with it by then.
        self._undo.append(
            lambda: self._evm.set_balance(address, max(0, self._evm.get_balance(address) - gift))
        )
        self._evm.set_balance(address, wei)

    def code(self, address: Any) -> bytes:
        """Runtime code at an address."""
        code = bytes(self._evm.get_code(self._sender(address)) or b"")
        # The EVM pads code it has run with a word and a STOP, and hands the padding out too.
        return code[:-33] if code.endswith(bytes(33)) else code

    def set_code(self, address: Any, code: bytes) -> None:
        """Put code at an address, as a chain's system contracts are."""
        where = self._sender(address)
        before = self._evm.basic(where)
        self._undo.append(lambda: self._evm.insert_account_info(where, before))
        balance = before.balance if before is not None else 0
        self._evm.insert_account_info(where, AccountInfo(balance=balance, code=code))

    def storage(self, address: Any, slot: int) -> int:
        """One storage word."""
        return int(self._evm.storage(self._sender(address), slot))

    def set_storage(self, address: Any, slot: int, value: int) -> None:
        """Overwrite one storage word."""
        where = self._sender(address)
        before = self.storage(where, slot)
        self._undo.append(lambda: self._evm.insert_account_storage(where, slot, before))
        self._evm.insert_account_storage(where, slot, value)

    def snapshot(self) -> Point:
        """A point to go back to with `restore`, once."""
        return Point(self._evm.snapshot(), self.block, self.timestamp, len(self._undo))

    def restore(self, point: Point) -> None:
        """Go back; points taken since are void."""
        self._evm.revert(point.checkpoint)
        while len(self._undo) > point.undo:
            self._undo.pop()()
        self.block, self.timestamp = point.block, point.timestamp
        self._set_block()

    @contextmanager
    def isolate(self) -> Iterator[None]:
        """Undo everything done inside."""
        point = self.snapshot()
        try:
            yield
        finally:
            self.restore(point)

    def decode(self, address: str, topics: list[bytes], data: bytes) -> Event | None:
        """A log in words, if a known contract wrote it."""
        contract = self._contracts.get(address)
        return contract.codec.decode_log(address, topics, data) if contract else None

    def _sender(self, sender: Any) -> str:
        if sender is None:
            return self.accounts[0]
        return getattr(sender, "address", sender)

    def _set_block(self) -> None:
        randao = self.prevrandao or keccak(self.block.to_bytes(32, "big"))
        self._evm.set_block_env(
            BlockEnv(number=self.block, timestamp=self.timestamp, prevrandao=randao)
        )

    def _reverted(self, error: RuntimeError) -> Reverted:
        found = _OUTPUT.search(str(error))
        if found is None:
            return Reverted(f"halted: {error}", b"")
        data = bytes.fromhex(found.group(1))
        return Reverted(LIBRARY.reason(data), data)


@contextmanager
def reverts(reason: str) -> Iterator[None]:
    """Passes if the block reverts with exactly this reason."""
    try:
        yield
    except Reverted as error:
        if error.reason != reason:
            raise AssertionError(f"reverted with {error.reason!r}, not {reason!r}") from error
        return
    raise AssertionError(f"did not revert; expected {reason!r}")
