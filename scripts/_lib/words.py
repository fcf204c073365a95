"""What events mean, in a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scripts._lib.amounts import eth, lpt, percent

ZERO = "0x" + "00" * 20
Args = Mapping[str, Any]


def describe(event: Any) -> str:
    """The event in words, or nothing where it would not help."""
    sentence = SENTENCES.get(event.name)
    return sentence(event.args) if sentence else ""


def _bond(a: Args) -> str:
    moved = a["oldDelegate"] not in (ZERO, a["newDelegate"])
    head = f"moved from {a['oldDelegate']}; " if moved else ""
    return (
        f"{head}{lpt(a['bondedAmount'])} of {a['delegator']} bonded to {a['newDelegate']} "
        f"({lpt(a['additionalAmount'])} added)"
    )


def _claimed(a: Args) -> str:
    if not a["rewards"] and not a["fees"]:
        return ""
    rounds = f"rounds {a['startRound']} to {a['endRound']}"
    return (
        f"earnings of {a['delegator']} claimed for {rounds}: {lpt(a['rewards'])} bonded, "
        f"{eth(a['fees'])} to withdraw"
    )


SENTENCES: dict[str, Callable[[Args], str]] = {
    "Bond": _bond,
    "EarningsClaimed": _claimed,
    "Unbond": lambda a: (
        f"{lpt(a['amount'])} unbonding from {a['delegate']} as lock {a['unbondingLockId']}; "
        f"to withdraw from round {a['withdrawRound']}"
    ),
    "Rebond": lambda a: (
        f"{lpt(a['amount'])} of lock {a['unbondingLockId']} bonded to {a['delegate']} again"
    ),
    "TransferBond": lambda a: (
        f"{lpt(a['amount'])} of stake passed from {a['oldDelegator']} to {a['newDelegator']}"
    ),
    "WithdrawStake": lambda a: f"{lpt(a['amount'])} withdrawn to {a['delegator']}",
    "WithdrawFees": lambda a: f"{eth(a['amount'])} of fees paid to {a['recipient']}",
    "Reward": lambda a: f"{lpt(a['amount'])} minted for {a['transcoder']} and its delegators",
    "TranscoderUpdate": lambda a: (
        f"{a['transcoder']} keeps {percent(a['rewardCut'])} of rewards and gives its delegators "
        f"{percent(a['feeShare'])} of fees"
    ),
    "TranscoderActivated": lambda a: (
        f"{a['transcoder']} is in the pool, active from round {a['activationRound']}"
    ),
    "TranscoderDeactivated": lambda a: (
        f"{a['transcoder']} left the pool, inactive from round {a['deactivationRound']}"
    ),
    "NewRound": lambda a: f"round {a['round']} has started",
    "SetCurrentRewardTokens": lambda a: (
        f"up to {lpt(a['currentMintableTokens'])} may be minted in this round "
        f"(inflation {percent(a['currentInflation'], 10**9)})"
    ),
    "Approval": lambda a: f"{a['spender']} may take {lpt(a['value'])}",
    "Request": lambda a: f"{lpt(a['amount'])} given to {a['to']}",
    "Pause": lambda a: "the protocol is paused",
    "Unpause": lambda a: "the protocol is running",
    "ParameterUpdate": lambda a: f"{a['param']} has a new value",
    "UpdateStaged": lambda a: f"update staged; it can be executed after {a['delay']} blocks",
    "UpdateExecuted": lambda a: "update executed",
    "UpdateCancelled": lambda a: "update cancelled",
}
