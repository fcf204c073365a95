"""The state of staking as the contracts show it, read in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.contracts.stateful.evm import address, selector, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contracts.stateful.evm import Chain

LOOK = selector("look(address[],address[],uint256[],bool)")
VOTES = selector("votes(address[],uint256)")
PROTOCOL_WORDS = 12
ACCOUNT_WORDS = 19


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account, amounts in wei. The last five are only asked for now and then."""

    bonded: int
    fees: int
    delegate: str
    delegated: int
    start_round: int
    last_claim: int
    next_lock: int
    pending_stake: int
    pending_fees: int
    active: bool
    balance: int
    last_reward_round: int
    cut: int
    fee_share: int
    status: int
    registered: bool
    total_stake: int
    slashable: int
    barred_until: int


@dataclass(frozen=True, slots=True)
class View:
    """The protocol as a whole, amounts in wei; ``pool`` from first to last."""

    round: int
    initialized: bool
    locked: bool
    active_stake: int
    next_active_stake: int
    supply: int
    vault: int
    eth: int
    mintable: int
    minted: int
    inflation: int
    pool_size: int
    derived: bool
    accounts: dict[str, AccountView]
    balances: dict[str, int]
    locks: dict[tuple[str, int], tuple[int, int]]
    pool: tuple[str, ...]


def dynamic(values: Sequence[bytes]) -> bytes:
    """An ABI array of single words."""
    return word(len(values)) + b"".join(values)


class Lens:
    """Reads views for a fixed list of accounts, and the balances of some holders."""

    def __init__(
        self, chain: Chain, contract: str, accounts: Sequence[str], holders: Sequence[str]
    ) -> None:
        self._chain = chain
        self._contract = contract
        self._accounts = list(accounts)
        self._index = {name: number for number, name in enumerate(accounts)}
        self._array = dynamic([word(name) for name in accounts])
        self._holders = list(holders)
        self._holder_array = dynamic([word(name) for name in holders])

    def look(self, locks: Sequence[tuple[str, int]], derived: bool = True) -> View:
        """The whole state, and the given locks (account, id).

        Without ``derived``, views whose answers follow from the others' are left out.
        """
        asked = dynamic([word(self._index[name] << 64 | lock) for name, lock in locks])
        holders_at = 128 + len(self._array)
        locks_at = holders_at + len(self._holder_array)
        data = LOOK + word(128) + word(holders_at) + word(locks_at) + word(derived)
        data += self._array + self._holder_array + asked
        words = self._chain.look(self._contract, data)[2:]
        accounts = {}
        at = PROTOCOL_WORDS
        for name in self._accounts:
            raw = words[at : at + ACCOUNT_WORDS]
            accounts[name] = AccountView(
                *raw[:2],
                address(raw[2]),
                *raw[3:9],
                bool(raw[9]),
                *raw[10:15],
                bool(raw[15]),
                *raw[16:],
            )
            at += ACCOUNT_WORDS
        balances = dict(zip(self._holders, words[at:], strict=False))
        at += len(self._holders)
        found = {}
        for lock in locks:
            found[lock] = (words[at], words[at + 1])
            at += 2
        head = words[:PROTOCOL_WORDS]
        return View(
            head[0],
            bool(head[1]),
            bool(head[2]),
            *head[3:],
            derived,
            accounts,
            balances,
            found,
            tuple(map(address, words[at:])),
        )

    def votes(self, round_: int) -> tuple[int, dict[str, tuple[int, str]]]:
        """Total active stake at the start of a round, and every account's votes and delegate."""
        data = VOTES + word(64) + word(round_) + self._array
        words = self._chain.look(self._contract, data)[2:]
        pairs = zip(words[1::2], words[2::2], strict=True)
        return words[0], {
            name: (votes, address(delegate))
            for name, (votes, delegate) in zip(self._accounts, pairs, strict=True)
        }
