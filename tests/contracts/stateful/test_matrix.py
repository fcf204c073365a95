"""Who may call what: every function that changes state is declared open or reserved.

A reserved one refuses a stranger, whatever the arguments, with the reason declared here. A function
in neither list fails the test, so nobody adds one without deciding.
"""

from __future__ import annotations

from functools import cache

import pytest

from offchain.chain.artifacts import artifact
from tests.contracts.stateful.evm import selector
from tests.contracts.stateful.protocol import (
    COMMITTEE,
    JOBS,
    OWNER,
    STRANGER,
    VERIFIER,
    Protocol,
    deploy,
)

OWNER_ONLY = "caller must be Controller owner"
CONTROLLER_ONLY = "caller must be Controller"

RESERVED = {
    "Controller": dict.fromkeys(
        ("setContractInfo", "updateController", "transferOwnership", "pause", "unpause"),
        "caller must be owner",
    ),
    "Minter": {
        "setController": CONTROLLER_ONLY,
        "setInflationChange": OWNER_ONLY,
        "setTargetBondingRate": OWNER_ONLY,
        "migrateToNewMinter": OWNER_ONLY,
        "createReward": "msg.sender not BondingManager",
        "trustedTransferTokens": "msg.sender not BondingManager",
        "trustedBurnTokens": "msg.sender not BondingManager",
        "trustedWithdrawETH": "msg.sender not BondingManager or JobsManager",
        "depositETH": "msg.sender not Minter or JobsManager",
        "setCurrentRewardTokens": "msg.sender not RoundsManager",
    },
    "BondingManager": {
        "setController": CONTROLLER_ONLY,
        "setUnbondingPeriod": OWNER_ONLY,
        "setTreasuryRewardCutRate": OWNER_ONLY,
        "setTreasuryBalanceCeiling": OWNER_ONLY,
        "setNumActiveTranscoders": OWNER_ONLY,
        "setMinSelfStake": OWNER_ONLY,
        "setWorkWeight": OWNER_ONLY,
        "setWorkRebate": OWNER_ONLY,
        "updateTranscoderWithFees": "caller must be TicketBroker",
        "setCurrentRoundTotalActiveStake": "caller must be RoundsManager",
        "roundLengthChanged": "caller must be RoundsManager",
        "slashTranscoder": "caller must be Verifier",
        "penalizeSeat": "caller must be VerifierCommittee",
        "backWork": "caller must be JobsManager",
    },
    "RoundsManager": {
        "setController": CONTROLLER_ONLY,
        "setRoundLength": OWNER_ONLY,
        "setRoundLockAmount": OWNER_ONLY,
        "setLIPUpgradeRound": OWNER_ONLY,
    },
    "BondingVotes": {"setController": CONTROLLER_ONLY},
    "ServiceRegistry": {"setController": CONTROLLER_ONLY},
}

OPEN = {
    "BondingManager": {
        "bond",
        "bondForWithHint",
        "bondWithHint",
        "checkpointBondingState",
        "claimEarnings",
        "rebond",
        "rebondFromUnbonded",
        "rebondFromUnbondedWithHint",
        "rebondWithHint",
        "reward",
        "rewardWithHint",
        "transcoder",
        "transcoderWithHint",
        "transferBond",
        "unbond",
        "unbondWithHint",
        "withdrawFees",
        "withdrawStake",
    },
    "RoundsManager": {"initializeRound"},
    "ServiceRegistry": {"setServiceURI"},
}

# Refused with an error of their own, not a string: checked in the unit tests of BondingVotes.
CUSTOM = {"BondingVotes": {"checkpointBondingState", "checkpointTotalActiveStake"}}


@cache
def deployed() -> Protocol:
    """One deployment for all."""
    return deploy()


def mutating(contract: str) -> dict[str, str]:
    """Signatures of a contract's functions that change state, by name."""
    return {
        entry["name"]: f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})"
        for entry in artifact(contract).abi
        if entry["type"] == "function" and entry["stateMutability"] in ("nonpayable", "payable")
    }


@pytest.mark.parametrize("contract", sorted(RESERVED))
def test_matrix__declares_every_function(contract: str) -> None:
    declared = set(RESERVED[contract])
    declared |= OPEN.get(contract, set()) | CUSTOM.get(contract, set())

    assert set(mutating(contract)) == declared


@pytest.mark.parametrize(
    ("contract", "function"),
    [(contract, name) for contract, names in RESERVED.items() for name in names],
)
def test_reserved_function__refuses_a_stranger(contract: str, function: str) -> None:
    protocol = deployed()
    data = selector(mutating(contract)[function]) + bytes(32 * 8)

    answer = protocol.chain.raw(STRANGER, protocol[contract], data)

    assert answer.reason == RESERVED[contract][function]


def test_control__refuses_everybody_when_called_directly() -> None:
    protocol = deployed()
    for signature in mutating("BondingControl").values():
        data = selector(signature) + bytes(32 * 8)
        for sender in (OWNER, VERIFIER, COMMITTEE, JOBS, protocol["RoundsManager"]):
            assert not protocol.chain.raw(sender, protocol["BondingControl"], data).ok


@pytest.mark.parametrize("contract", sorted(CUSTOM))
def test_votes__take_checkpoints_from_nobody_else(contract: str) -> None:
    protocol = deployed()
    invalid_caller = selector("InvalidCaller(address,address)").hex()
    for function in CUSTOM[contract]:
        data = selector(mutating(contract)[function]) + bytes(32 * 8)

        answer = protocol.chain.raw(STRANGER, protocol[contract], data)

        assert answer.reason.startswith(f"revert 0x{invalid_caller}")
