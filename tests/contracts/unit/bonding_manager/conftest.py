"""A small staking world: two transcoders, one delegator, a round in which they are active."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.contracts.harness import ZERO, Chain, Contract, Protocol, Receipt

LPT = 10**18
ETH = 10**18
NO_HINTS = (ZERO, ZERO)


@dataclass(slots=True)
class Staking:
    """The protocol and the roles that tests of staking share. Amounts in wei."""

    protocol: Protocol
    transcoder: str
    second: str
    delegator: str
    newcomer: str
    verifier: str
    committee: str
    jobs: str
    broker: str

    @property
    def manager(self) -> Contract:
        """The BondingManager."""
        return self.protocol.BondingManager

    @property
    def round(self) -> int:
        """The current round."""
        return int(self.protocol.RoundsManager.currentRound())

    def bonded(self, account: str) -> int:
        """Stake of an account as of its last claim."""
        return int(self.manager.getDelegator(account)[0])

    def total(self, delegate: str) -> int:
        """Stake behind a delegate."""
        return int(self.manager.transcoderTotalStake(delegate))

    def pending(self, account: str) -> int:
        """Stake of an account if it claimed now."""
        return int(self.manager.pendingStake(account, 0))

    def pay_fees(self, transcoder: str, fees: int, round_: int | None = None) -> Receipt:
        """Fees come in for work done in `round_`, by default the current one."""
        minter = self.protocol.Minter
        self.protocol.chain.set_balance(minter, self.protocol.chain.balance(minter) + fees)
        receipt: Receipt = self.manager.updateTranscoderWithFees(
            transcoder, fees, self.round if round_ is None else round_, sender=self.broker
        )
        return receipt

    def slash(self, transcoder: str, fraction: int, finder: str = ZERO, fee: int = 0) -> Receipt:
        """The Verifier convicts; `fraction` and `fee` in parts per million."""
        receipt: Receipt = self.manager.slashTranscoder(
            transcoder, finder, fraction, fee, sender=self.verifier
        )
        return receipt

    def pool(self) -> list[str]:
        """Everybody in the pool, from the first."""
        members = []
        member = self.manager.getFirstTranscoderInPool()
        while member != ZERO:
            members.append(member)
            member = self.manager.getNextTranscoderInPool(member)
        return members


@pytest.fixture
def staking(protocol: Protocol, chain: Chain) -> Staking:
    """Two active transcoders (10,000 and 9,000 LPT of their own) and a delegator (1,000 LPT)."""
    labels = (
        "transcoder",
        "second transcoder",
        "delegator",
        "newcomer",
        "verifier",
        "committee",
        "jobs manager",
        "ticket broker",
    )
    world = Staking(protocol, *(chain.account(label) for label in labels))
    protocol.register("Verifier", world.verifier)
    protocol.register("VerifierCommittee", world.committee)
    protocol.register("JobsManager", world.jobs)
    protocol.register("TicketBroker", world.broker)
    protocol.next_round()
    protocol.bond(world.transcoder, 10_000 * LPT, world.transcoder)
    protocol.bond(world.second, 9_000 * LPT, world.second)
    protocol.bond(world.delegator, 1_000 * LPT, world.transcoder)
    world.manager.transcoder(100_000, 500_000, sender=world.transcoder)
    world.manager.transcoder(100_000, 500_000, sender=world.second)
    protocol.next_round()
    return world
