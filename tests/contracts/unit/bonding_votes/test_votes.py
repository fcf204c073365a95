"""Votes: a transcoder has all behind it, a delegator its own with earnings, others none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO
from tests.contracts.unit.bonding_votes.conftest import LPT
from tests.contracts.unit.bonding_votes.test_checkpoints import fails

if TYPE_CHECKING:
    from tests.contracts.harness import Chain, Contract, Protocol
    from tests.contracts.unit.bonding_votes.conftest import Checkpoint


def test_votes__follow_stake_and_rewards(
    protocol: Protocol, votes: Contract, chain: Chain, stranger: str
) -> None:
    manager = protocol.BondingManager
    transcoder, other = chain.account("transcoder"), chain.account("other")
    protocol.bond(transcoder, 10 * LPT, transcoder)
    protocol.bond(stranger, 3 * LPT, transcoder)
    protocol.bond(other, LPT, stranger)
    protocol.next_round()
    manager.reward(sender=transcoder)
    before = protocol.next_round()
    manager.reward(sender=transcoder)
    now = protocol.next_round()

    assert votes.getVotes(transcoder) == manager.transcoderTotalStake(transcoder)
    assert votes.getVotes(stranger) == manager.pendingStake(stranger, 0)
    assert votes.getPastVotes(transcoder, before) == votes.getVotes(transcoder)
    assert 3 * LPT < votes.getPastVotes(stranger, before - 1) < votes.getVotes(stranger)
    assert votes.getPastTotalSupply(before - 1) == votes.getPastVotes(transcoder, before - 1)
    # Whoever backs somebody that is no transcoder has no votes, nor has that somebody from it.
    assert votes.getVotes(other) == 0
    assert votes.delegates(other) == stranger
    manager.claimEarnings(0, sender=stranger)
    assert votes.getVotesAndDelegateAtRoundStart(stranger, now + 1)[0] == manager.pendingStake(
        stranger, 0
    )


def test_votes__of_delegators__end_with_their_transcoder(
    protocol: Protocol, votes: Contract, chain: Chain, stranger: str
) -> None:
    transcoder = chain.account("transcoder")
    protocol.bond(transcoder, 10 * LPT, transcoder)
    protocol.bond(stranger, 3 * LPT, transcoder)
    protocol.next_round()
    assert votes.getVotes(stranger) == 3 * LPT

    protocol.BondingManager.unbond(10 * LPT, sender=transcoder)

    assert votes.getVotes(stranger) == 0 == votes.getVotes(transcoder)


def test_votes__with_a_factor_missing__revert(
    protocol: Protocol, votes: Contract, chain: Chain, checkpoint: Checkpoint, stranger: str
) -> None:
    # Somebody in BondingManager's place says 0 to everything.
    nothing = chain.account("bonding manager")
    transcoder = chain.account("transcoder")
    current = protocol.RoundsManager.currentRound()
    checkpoint(transcoder, 1, transcoder, 1, rewarded=current)
    checkpoint(stranger, 1, transcoder)
    chain.set_code(nothing, bytes.fromhex("60a05ff3"))

    with fails("MissingEarningsPool(address,uint256)", transcoder, current):
        votes.getVotes(stranger)


def test_votes__of_an_unknown_account__are_none(votes: Contract, stranger: str) -> None:
    assert votes.getVotes(stranger) == 0
    assert votes.delegates(stranger) == ZERO


def test_token__presents_itself(protocol: Protocol, votes: Contract) -> None:
    assert votes.name() == "Livepeer Voting Power"
    assert votes.symbol() == "vLPT"
    assert votes.decimals() == 18
    assert votes.CLOCK_MODE() == "mode=livepeer_round"
    assert votes.clock() == protocol.RoundsManager.currentRound()


def test_delegate__is_not_offered(votes: Contract, stranger: str) -> None:
    text = "MustCallBondingManager(string)"
    word = 32
    with fails(text, word, 4, "0x" + b"bond".hex() + "00" * 28):
        votes.delegate(stranger)
    with fails(text, word, 7, "0x" + b"bondFor".hex() + "00" * 25):
        votes.delegateBySig(stranger, 0, 0, 0, bytes(32), bytes(32))
