"""setCurrentRoundTotalActiveStake: the active set of a round is fixed, and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eth_utils import keccak

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def written(staking: Staking, round_: int) -> list[tuple[str, int]]:
    """The active set as the code of its contract says it: addresses and cumulative stakes."""
    code = staking.protocol.chain.code(staking.manager.activeSetPointer(round_))
    assert code[0] == 0
    assert len(code) % 32 == 1
    entries = [code[at : at + 32] for at in range(1, len(code), 32)]
    return [("0x" + entry[:20].hex(), int.from_bytes(entry[20:])) for entry in entries]


def test_round_start__writes_the_active_set_down(staking: Staking) -> None:
    assert staking.manager.lastSnapshotRound() == staking.round
    assert written(staking, staking.round) == [
        (staking.transcoder.lower(), 11_000 * LPT),
        (staking.second.lower(), 20_000 * LPT),
    ]


def test_round_start__nothing_in_the_round_changes_it(staking: Staking) -> None:
    manager, round_ = staking.manager, staking.round
    before = written(staking, round_)
    pools = [
        manager.getTranscoderEarningsPoolForRound(each, round_)[0]
        for each in (staking.transcoder, staking.second)
    ]

    staking.protocol.bond(staking.newcomer, 50_000 * LPT, staking.newcomer)
    manager.unbond(9_000 * LPT, sender=staking.second)
    staking.slash(staking.transcoder, 500_000)

    assert written(staking, round_) == before
    assert manager.currentRoundTotalActiveStake() == 20_000 * LPT == manager.getTotalBonded()
    assert pools == [11_000 * LPT, 9_000 * LPT]
    for each, stake in zip((staking.transcoder, staking.second), pools, strict=True):
        assert manager.getTranscoderEarningsPoolForRound(each, round_)[0] == stake


def test_round_start__remembers_64_rounds(staking: Staking) -> None:
    manager, round_ = staking.manager, staking.round
    for _ in range(63):
        staking.protocol.next_round()
    assert manager.activeSetPointer(round_) != ZERO
    assert manager.getTranscoderEarningsPoolForRound(staking.second, round_)[0] == 9_000 * LPT

    staking.protocol.next_round()

    assert manager.activeSetPointer(round_) == ZERO
    assert manager.getTranscoderEarningsPoolForRound(staking.second, round_)[0] == 0


def test_round_start__with_an_empty_pool__writes_nothing(staking: Staking) -> None:
    manager = staking.manager
    for each in (staking.transcoder, staking.second):
        manager.unbond(staking.bonded(each), sender=each)

    staking.protocol.next_round()

    assert manager.activeSetPointer(staking.round) == ZERO
    assert manager.currentRoundTotalActiveStake() == 0


def test_round_start__writes_a_full_pool(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    manager.setNumActiveTranscoders(256, sender=protocol.deployer)
    members = [protocol.chain.account(f"member {number}") for number in range(254)]
    for number, member in enumerate(members, 1):
        protocol.bond(member, number, member)
        if number % 60 == 0:
            protocol.next_round()

    protocol.next_round()

    found = written(staking, staking.round)
    assert len(found) == 256
    assert found[-1] == (members[0].lower(), manager.currentRoundTotalActiveStake())


def test_round_start__takes_over_the_treasurys_rate(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    manager.setTreasuryRewardCutRate(5, sender=protocol.deployer)
    assert manager.treasuryRewardCutRate() == 0
    protocol.next_round(initialize=False)

    receipt = protocol.RoundsManager.initializeRound()

    assert manager.treasuryRewardCutRate() == manager.nextRoundTreasuryRewardCutRate() == 5
    assert [each.param for each in receipt.named("ParameterUpdate")] == ["treasuryRewardCutRate"]


def test_round_start__by_a_stranger__reverts(staking: Staking) -> None:
    with reverts("caller must be RoundsManager"):
        staking.manager.setCurrentRoundTotalActiveStake(sender=staking.newcomer)


def selector(signature: str) -> bytes:
    """The first four bytes of a call."""
    return keccak(text=signature)[:4]


NOTHING = bytes.fromhex("5f5ffd")
"""Code that refuses a call."""
ENDLESS = bytes.fromhex("5f195f525f1960205260405ff3")
"""Code that answers with the largest numbers."""


def stand_in(manager: str, round_: int, otherwise: bytes) -> bytes:
    """Code of a RoundsManager that knows `currentRound()` and `initializeRound()`.

    It does `otherwise` for anything else.
    """
    answer = b"\x5b\x60" + bytes([round_]) + bytes.fromhex("5f5260205ff3")
    start = b"\x5b\x63" + selector("setCurrentRoundTotalActiveStake()")
    start += bytes.fromhex("5f525f5f6004601c5f73") + bytes.fromhex(manager[2:]) + b"\x5a\xf1\x00"
    at = 5 + 2 * 10 + len(otherwise)
    jumps = bytes.fromhex("5f3560e01c")
    for name, where in (("currentRound()", at), ("initializeRound()", at + len(answer))):
        jumps += b"\x80\x63" + selector(name) + b"\x14\x60" + bytes([where]) + b"\x57"
    return jumps + otherwise + answer + start


def test_round__made_shorter__ends_at_once(staking: Staking) -> None:
    protocol = staking.protocol
    start = protocol.RoundsManager.currentRoundStartBlock()
    protocol.chain.mine_to(start + 20)
    staking.manager.claimEarnings(0, sender=staking.delegator)

    protocol.RoundsManager.setRoundLength(10, sender=protocol.deployer)

    with reverts("current round is not initialized"):
        staking.manager.unbond(1, sender=staking.delegator)


def test_round__made_longer__goes_on(staking: Staking) -> None:
    protocol = staking.protocol
    round_, length = staking.round, protocol.config.round_length
    start = protocol.RoundsManager.currentRoundStartBlock()

    protocol.RoundsManager.setRoundLength(3 * length, sender=protocol.deployer)
    protocol.chain.mine_to(start + 3 * length - 1)
    staking.manager.unbond(1, sender=staking.delegator)

    assert staking.round == round_
    assert staking.manager.getDelegator(staking.delegator)[5] == round_
    protocol.chain.mine_to(start + 3 * length)
    with reverts("current round is not initialized"):
        staking.manager.unbond(1, sender=staking.delegator)


def test_round_length_changed__by_a_stranger__reverts(staking: Staking) -> None:
    with reverts("caller must be RoundsManager"):
        staking.manager.roundLengthChanged(sender=staking.newcomer)


@pytest.mark.parametrize("otherwise", [NOTHING, ENDLESS])
def test_round__by_another_rounds_manager__is_asked_for_each_time(
    staking: Staking, otherwise: bytes
) -> None:
    chain, round_ = staking.protocol.chain, staking.round
    other = chain.account("other rounds manager", balance=0)
    chain.set_code(other, stand_in(staking.manager.address, round_ + 3, otherwise))

    staking.protocol.register("RoundsManager", other)

    with reverts("current round is not initialized"):
        staking.manager.unbond(1, sender=staking.delegator)
    chain.send(other, selector("initializeRound()"))
    staking.manager.unbond(1, sender=staking.delegator)
    assert staking.manager.getDelegator(staking.delegator)[5] == round_ + 3
    chain.set_code(other, stand_in(staking.manager.address, round_ + 4, otherwise))
    with reverts("current round is not initialized"):
        staking.manager.unbond(1, sender=staking.delegator)
