"""Staking through ape on anvil: run by `ape test`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# The first test also starts anvil and deploys.
pytestmark = [pytest.mark.needs("anvil"), pytest.mark.timeout(90)]

LPT = 10**18


def run(command: str, *args: Any) -> None:
    """Run a command by its name."""
    importlib.import_module(f"scripts.{command}").cli.run(*args)


def next_round(chain: Any, session: Any, rounds: int = 1) -> None:
    """Go to a later round and start it."""
    length = session.read("RoundsManager", "roundLength")
    start = session.read("RoundsManager", "currentRoundStartBlock")
    chain.mine(start + rounds * length - chain.blocks.head.number)
    run("initialize-round", session)


def test_stake_and_reward__through_commands(
    accounts: Any, chain: Any, session_of: Callable[..., Any]
) -> None:
    transcoder, delegator = accounts[1], accounts[2]
    for account in (transcoder, delegator):
        run("faucet", session_of(account))
    next_round(chain, session_of(transcoder))
    run("bond", session_of(transcoder), 500 * LPT, transcoder.address)
    run("transcoder", session_of(transcoder), 0, 0)
    run("bond", session_of(delegator), 500 * LPT, transcoder.address)
    next_round(chain, session_of(transcoder))

    run("reward", session_of(transcoder))

    session = session_of(delegator)
    minted = session.read("Minter", "currentMintedTokens")
    now = session.read("RoundsManager", "currentRound")
    stake = session.read("BondingManager", "pendingStake", delegator.address, now)
    assert minted > 0
    assert abs(stake - 500 * LPT - minted // 2) <= 10**9


def test_ape_contract__reads_and_reverts_as_ape_expects(accounts: Any, deployment: Any) -> None:
    import ape
    from ethpm_types import ContractType

    from offchain.chain.artifacts import artifact

    kind = ContractType.model_validate(
        {"contractName": "Controller", "abi": artifact("Controller").abi}
    )
    controller = ape.Contract(deployment.address("Controller"), contract_type=kind)

    assert controller.owner() == deployment.address("Governor")
    assert not controller.paused()
    with ape.reverts("caller must be owner"):
        controller.pause(sender=accounts[1])
