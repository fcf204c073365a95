"""What stands on the chain after the plan has been carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.artifacts import UnknownArtifact, artifact
from offchain.chain.deployment import (
    COMPANIONS,
    PRESETS,
    PROXIED,
    Deployment,
    development,
    name_hash,
    plan,
)
from offchain.chain.deployments import BadDeployment, find_deployment
from offchain.chain.layouts import Variable, differences, variables
from tests.contracts.harness import Chain, Protocol

ROLES = {"MINTER_ROLE": keccak(text="MINTER_ROLE"), "admin": bytes(32)}


@pytest.fixture(scope="module")
def governed() -> Protocol:
    """A deployment as people make it: handed over, its Governor given to somebody."""
    chain = Chain()
    return Protocol(chain, replace(development(), governor_owner=chain.accounts[7]))


def test_plan__registers_every_contract_and_every_target(governed: Protocol) -> None:
    controller = governed.Controller
    unregistered = {"Controller", "LivepeerTokenFaucet"}

    for name, deployed in governed.deployment.contracts.items():
        if name not in unregistered:
            assert controller.getContract(name_hash(name)) == deployed.address, name
    verifier = controller.getContract(name_hash("Verifier"))
    assert verifier == governed.JobsManager.address
    assert not controller.paused()


@pytest.mark.parametrize("name", PROXIED)
def test_plan__puts_each_proxy_before_its_target(governed: Protocol, name: str) -> None:
    proxy = governed.contracts[name]

    assert proxy.targetContractId() == name_hash(f"{name}Target")
    assert governed.chain.code(proxy).startswith(artifact("ManagerProxy").runtime_bytecode)
    target = governed.deployment.address(f"{name}Target")
    assert governed.chain.code(target) == artifact(name).runtime_bytecode
    assert governed.deployment.contracts[name].layout == variables(artifact(name).layout)


def test_plan__leaves_all_power_to_the_governor(governed: Protocol) -> None:
    governor, deployer = governed.Governor.address, governed.deployer
    token = governed.LivepeerToken

    assert governed.Controller.owner() == governor
    assert governed.Governor.owner() == governed.chain.accounts[7]
    for role in ROLES.values():
        assert not token.hasRole(role, deployer)
    assert token.hasRole(ROLES["admin"], governor)
    assert token.hasRole(ROLES["MINTER_ROLE"], governed.Minter)


def test_plan__hands_out_exactly_the_supply_of_the_config(governed: Protocol) -> None:
    config, token = governed.config, governed.LivepeerToken

    assert token.balanceOf(governed.deployer) == config.initial_supply
    assert token.balanceOf(governed.LivepeerTokenFaucet) == config.faucet_supply
    assert token.totalSupply() == config.initial_supply + config.faucet_supply


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_plan__sets_every_parameter_of_the_preset(preset: str) -> None:
    config = PRESETS[preset]()
    protocol = Protocol(Chain(), config)

    rounds, bonding, minter = protocol.RoundsManager, protocol.BondingManager, protocol.Minter
    assert rounds.roundLength() == config.round_length
    assert rounds.roundLockAmount() == config.round_lock_amount
    assert bonding.unbondingPeriod() == config.unbonding_period
    assert bonding.getTranscoderPoolMaxSize() == config.num_active_transcoders
    assert bonding.minSelfStake() == config.min_self_stake
    assert minter.inflation() == config.inflation
    assert minter.inflationChange() == config.inflation_change
    assert minter.targetBondingRate() == config.target_bonding_rate
    jobs = protocol.JobsManager
    assert jobs.parametersOf(jobs.parametersVersion()).seedDelay == config.jobs.seed_delay
    assert protocol.VerifierCommittee.parameters().seatBond == config.committee.seat_bond


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets__end_every_dispute_well_before_stake_can_leave(preset: str) -> None:
    config = PRESETS[preset]()
    protocol = Protocol(Chain(), config)

    unbonding = config.unbonding_period * config.round_length
    assert protocol.JobsManager.longestDispute() * 10 <= unbonding * 8
    assert protocol.VerifierCommittee.longestVerification() <= config.jobs.verdict_window


def test_plan__without_a_contract_compiled__says_which_before_any_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr("offchain.chain.artifacts.FOLDER", tmp_path)
    artifact.cache_clear()

    with pytest.raises(UnknownArtifact, match="Controller has not been compiled"):
        next(plan(development(), "0x" + "11" * 20))


def test_deployment__survives_its_file(governed: Protocol, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    governed.deployment.save(folder / "some.json")

    assert Deployment.load(folder / "some.json") == governed.deployment
    assert find_deployment("some", folder) == governed.deployment
    with pytest.raises(BadDeployment, match="deployments here: some"):
        find_deployment("other", folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is no deployment file"),
        ("[]", "is no deployment file"),
        ("{}", "lacks 'contracts'"),
        ('{"contracts": {"A": {"address": "0x1", "codeHash": "0x"}}}', "is not an address"),
        (
            '{"contracts": {"A": {"address": "0x' + "11" * 20 + '", "codeHash": "0x"}}}',
            "codeHash is not 32 bytes",
        ),
    ],
)
def test_deployment__from_a_damaged_file__is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(BadDeployment, match=reason):
        Deployment.parse(text)


def test_companions__are_known_to_the_deployment(governed: Protocol) -> None:
    for group in COMPANIONS.values():
        for companion in group:
            assert governed.chain.code(governed.contracts[companion])


def layout(sizes: list[int]) -> list[Variable]:
    """Variables of these sizes, one after the other."""
    found, slot = [], 0
    for index, size in enumerate(sizes):
        found.append(Variable(slot, size, f"v{index}", f"uint256[{size}]"))
        slot += size
    return found


@given(st.lists(st.integers(1, 5)), st.lists(st.integers(1, 5)))
def test_differences__of_a_layout_and_its_continuation__are_none(
    old: list[int], added: list[int]
) -> None:
    assert differences(layout(old), layout(old + added)) == []


@given(st.lists(st.integers(1, 5), min_size=1), st.data())
def test_differences__of_anything_moved_dropped_or_renamed__are_reported(
    sizes: list[int], data: st.DataObject
) -> None:
    old = layout(sizes)
    index = data.draw(st.integers(0, len(old) - 1))
    changed = list(old)
    kind = data.draw(st.sampled_from(["drop", "rename", "retype", "move"]))
    if kind == "drop":
        del changed[index]
    else:
        field = {"rename": {"name": "x"}, "retype": {"type": "x"}, "move": {"slot": 999}}[kind]
        changed[index] = replace(changed[index], **field)  # type: ignore[arg-type]

    assert differences(old, changed)
