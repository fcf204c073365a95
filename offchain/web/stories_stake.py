"""Words for the events of stake: bonding, rewards, rounds, the token and who is in charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.web.words import eth, lpt, percent

if TYPE_CHECKING:
    from offchain.web.memory import Memory
    from offchain.web.stories_jobs import Args, Story, Told

ZERO = "0x" + "0" * 40


def _bond(args: Args, memory: Memory) -> Told:
    who, whom = memory.name(args["delegator"]), memory.name(args["newDelegate"])
    added, bonded = args["additionalAmount"], args["bondedAmount"]
    if who == whom:
        return "plain", f"{who} staked {lpt(added)} on itself"
    if not added:
        return "plain", f"{who} moved its stake of {lpt(bonded)} to {whom}"
    return "plain", f"{who} staked {lpt(added)} behind {whom}"


def _unbond(args: Args, memory: Memory) -> Told:
    who = memory.name(args["delegator"])
    return "plain", (
        f"{who} is taking out {lpt(args['amount'])}, free from round {args['withdrawRound']}"
    )


def _rebond(args: Args, memory: Memory) -> Told:
    who, whom = memory.name(args["delegator"]), memory.name(args["delegate"])
    return "plain", f"{who} put {lpt(args['amount'])} back behind {whom}"


def _transfer_bond(args: Args, memory: Memory) -> Told:
    who, whom = memory.name(args["oldDelegator"]), memory.name(args["newDelegator"])
    return "plain", f"{who} handed {lpt(args['amount'])} of stake to {whom}"


def _withdraw_stake(args: Args, memory: Memory) -> Told:
    return "money", f"{memory.name(args['delegator'])} withdrew {lpt(args['amount'])} of stake"


def _withdraw_fees(args: Args, memory: Memory) -> Told:
    return "money", f"{memory.name(args['recipient'])} withdrew {eth(args['amount'])} of fees"


def _earnings(args: Args, memory: Memory) -> Told:
    who, rewards, fees = memory.name(args["delegator"]), args["rewards"], args["fees"]
    if not rewards and not fees:
        return None
    earned = " and ".join(
        text for amount, text in ((rewards, lpt(rewards)), (fees, eth(fees))) if amount
    )
    return "money", f"{who} has earned {earned} behind {memory.name(args['delegate'])}"


def _reward(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "money", f"{who} called in its reward: {lpt(args['amount'])} newly minted"


def _treasury_reward(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "money", f"{lpt(args['amount'])} of {who}'s reward went to the treasury"


def _work_reward(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "quiet", f"{who}'s work in round {args['round']} earned it {lpt(args['amount'])}"


def _activated(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "plain", f"{who} joins the active transcoders from round {args['activationRound']}"


def _deactivated(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "plain", f"{who} leaves the active transcoders from round {args['deactivationRound']}"


def _rates(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    reward, fees = percent(args["rewardCut"]), percent(args["feeShare"])
    return "quiet", f"{who} keeps {reward} of rewards and shares {fees} of fees"


def _slashed(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    reward = args["finderReward"]
    finder = f"; {memory.name(args['finder'])} gets {lpt(reward)}" if reward else ""
    return "trouble", f"{who} lost {lpt(args['penalty'])} of its stake{finder}"


def _seat_penalized(args: Args, memory: Memory) -> Told:
    return "quiet", f"{memory.name(args['transcoder'])} was fined {lpt(args['amount'])}"


def _work_backed(args: Args, memory: Memory) -> Told:
    who, until = memory.name(args["transcoder"]), args["untilClock"]
    return "quiet", f"{who}'s stake backs its work until the protocol's clock shows {until}"


def _update_staged(args: Args, memory: Memory) -> Told:
    return "plain", f"A change of the protocol was proposed, to wait {args['delay']} blocks"


def _update_executed(args: Args, memory: Memory) -> Told:
    return "plain", "A change of the protocol took effect"


def _update_cancelled(args: Args, memory: Memory) -> Told:
    return "plain", "A proposed change of the protocol was dropped"


def _faucet(args: Args, memory: Memory) -> Told:
    return "quiet", f"{memory.name(args['to'])} was given {lpt(args['amount'])} to try things out"


def _new_round(args: Args, memory: Memory) -> Told:
    return "plain", f"Round {args['round']} began"


def _mintable(args: Args, memory: Memory) -> Told:
    return "quiet", f"This round can mint {lpt(args['currentMintableTokens'])}"


def _pause(args: Args, memory: Memory) -> Told:
    return "trouble", "The protocol was paused"


def _unpause(args: Args, memory: Memory) -> Told:
    return "plain", "The protocol runs again"


def _token_transfer(args: Args, memory: Memory) -> Told:
    source = str(args.get("from", args.get("_from")))  # `from` is a keyword in Vyper
    target = str(args["to"])
    if target == ZERO and source != ZERO:
        return "trouble", f"{lpt(args['value'])} were burned for good"
    return None  # stake moving and rewards being minted: the bonding events tell it better


def _nothing(args: Args, memory: Memory) -> Told:
    return None


_BONDING: dict[str, Story] = {
    "Bond": _bond,
    "Unbond": _unbond,
    "Rebond": _rebond,
    "TransferBond": _transfer_bond,
    "WithdrawStake": _withdraw_stake,
    "WithdrawFees": _withdraw_fees,
    "EarningsClaimed": _earnings,
    "Reward": _reward,
    "TreasuryReward": _treasury_reward,
    "WorkReward": _work_reward,
    "TranscoderActivated": _activated,
    "TranscoderDeactivated": _deactivated,
    "TranscoderUpdate": _rates,
    "TranscoderSlashed": _slashed,
    "SeatPenalized": _seat_penalized,
    "WorkBacked": _work_backed,
}
# Bookkeeping and set-up that says nothing to somebody who watches a stream.
_SILENT = {
    "Controller": ("SetContractInfo", "OwnershipTransferred"),
    "LivepeerToken": (
        "Approval",
        "EIP712DomainChanged",
        "RoleGranted",
        "RoleRevoked",
        "RoleAdminChanged",
        "Mint",
        "Burn",
    ),
    "Governor": ("OwnershipTransferred",),
    "LivepeerTokenFaucet": ("OwnershipTransferred",),
    "BondingVotes": (
        "DelegateChanged",
        "DelegateVotesChanged",
        "DelegatorBondedAmountChanged",
    ),
}
_EVERYWHERE = ("SetController", "ParameterUpdate")
_CONTRACTS = (
    "BondingManager",
    "BondingVotes",
    "RoundsManager",
    "Minter",
    "ServiceRegistry",
    "JobsManager",
    "VerifierCommittee",
    "RandaoBeacon",
)
STORIES: dict[tuple[str, str], Story] = {
    **{("BondingManager", name): story for name, story in _BONDING.items()},
    ("RoundsManager", "NewRound"): _new_round,
    ("Minter", "SetCurrentRewardTokens"): _mintable,
    ("Controller", "Pause"): _pause,
    ("Controller", "Unpause"): _unpause,
    ("LivepeerToken", "Transfer"): _token_transfer,
    ("LivepeerTokenFaucet", "Request"): _faucet,
    ("Governor", "UpdateStaged"): _update_staged,
    ("Governor", "UpdateExecuted"): _update_executed,
    ("Governor", "UpdateCancelled"): _update_cancelled,
    **{(contract, name): _nothing for contract, names in _SILENT.items() for name in names},
    **{(contract, name): _nothing for contract in _CONTRACTS for name in _EVERYWHERE},
}
