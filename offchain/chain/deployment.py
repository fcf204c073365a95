"""Deploying the protocol, step by step, without knowing how a step is carried out.

`plan` yields what to do next and is sent what came of it, so the same plan runs on ape, on an
in-process EVM and over JSON-RPC. `drive` runs it on anything that can carry out one step at a
time; `offchain.chain.deployer` runs it over JSON-RPC.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_utils.crypto import keccak

from offchain.chain.artifacts import artifact
from offchain.chain.deployments import Deployed, Deployment
from offchain.chain.layouts import Variable, variables
from offchain.chain.protocol_config import (
    PRESETS,
    CommitteeParameters,
    JobsParameters,
    ProtocolConfig,
    development,
    mainnet,
)

__all__ = [
    "COMPANIONS",
    "DEPLOYED",
    "PRESETS",
    "PROXIED",
    "Call",
    "CommitteeParameters",
    "Deploy",
    "Deployed",
    "Deployment",
    "Done",
    "Inspect",
    "JobsParameters",
    "ProtocolConfig",
    "Step",
    "development",
    "drive",
    "mainnet",
    "name_hash",
    "plan",
]

# Contracts that live behind a ManagerProxy, in the order they are deployed.
PROXIED = (
    "BondingManager",
    "BondingVotes",
    "RoundsManager",
    "ServiceRegistry",
    "JobsManager",
    "VerifierCommittee",
)
# Code that a proxied contract runs on its own state, since one contract cannot hold it all: it is
# replaced together with the contract it belongs to.
COMPANIONS = {
    "BondingManager": ("BondingControl",),
    "JobsManager": ("JobsSettlement",),
    "VerifierCommittee": ("CommitteeAppeals",),
}
DEPLOYED = (
    "Controller",
    "LivepeerToken",
    "Minter",
    "Governor",
    "RandaoBeacon",
    *PROXIED,
    *(companion for group in COMPANIONS.values() for companion in group),
)

MINTER_ROLE = keccak(text="MINTER_ROLE")
BURNER_ROLE = keccak(text="BURNER_ROLE")
DEFAULT_ADMIN_ROLE = bytes(32)


@dataclass(frozen=True, slots=True)
class Deploy:
    """Create a contract from an artifact; `name` is what it is called in the deployment."""

    name: str
    artifact: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Send a transaction to a contract; `value` in wei."""

    name: str
    address: str
    artifact: str
    function: str
    args: tuple[Any, ...] = ()
    value: int = 0


@dataclass(frozen=True, slots=True)
class Inspect:
    """Read the code that stands at an address, once all steps before have been carried out."""

    address: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step: the address created, or the code found."""

    address: str = ""
    code: bytes = b""


Step: TypeAlias = Deploy | Call | Inspect
Plan: TypeAlias = Generator[Step, Done, Deployment]


def name_hash(name: str) -> bytes:
    """What a contract is registered under with the Controller."""
    return keccak(text=name)


def plan(
    config: ProtocolConfig,
    deployer: str,
    *,
    name: str = "local",
    chain_id: int = 0,
    start_block: int = 0,
    without: frozenset[str] = frozenset(),
) -> Plan:
    """Every step of a deployment by the account `deployer`, in order.

    Raises UnknownArtifact before the first step where a contract has not been compiled. Tests may
    leave contracts out with `without`.
    """
    for needed in (*DEPLOYED, "ManagerProxy", _rounds(config)):
        if needed not in without:
            artifact(needed)
    where: dict[str, str] = {}
    yield from _create(config, where, without)
    yield from _set_parameters(config, where)
    yield from _hand_out_token(config, where, deployer)
    yield _call(where, "Controller", "unpause")
    if config.governed:
        yield from _hand_over(where, deployer)
    if config.governor_owner and config.governor_owner != deployer:
        yield from _give_governor(config, where)
    return (yield from _describe(config, where, name, chain_id, start_block))


def drive(steps: Plan, perform: Callable[[Step], Done]) -> Deployment:
    """Carry a plan out, one step after the other."""
    done: Done | None = None
    while True:
        try:
            step = next(steps) if done is None else steps.send(done)
        except StopIteration as finished:
            result: Deployment = finished.value
            return result
        done = perform(step)


Steps: TypeAlias = Generator[Step, Done, None]


def _rounds(config: ProtocolConfig) -> str:
    return "AdjustableRoundsManager" if config.adjustable_rounds else "RoundsManager"


def _call(where: dict[str, str], contract: str, function: str, *args: Any) -> Call:
    return Call(contract, where[contract], contract, function, args)


def _create(config: ProtocolConfig, where: dict[str, str], without: frozenset[str]) -> Steps:
    """Contracts and their names with the Controller."""

    def create(name: str, *args: Any, source: str | None = None) -> Steps:
        done = yield Deploy(name, source or name, args)
        where[name] = done.address

    def register(name: str, address: str) -> Call:
        entry = (name_hash(name), address, config.commit)
        return _call(where, "Controller", "setContractInfo", *entry)

    yield from create("Controller")
    controller = where["Controller"]
    yield from create("LivepeerToken")
    yield from create(
        "Minter", controller, config.inflation, config.inflation_change, config.target_bonding_rate
    )
    yield from create("Governor")
    if "RandaoBeacon" not in without:
        yield from create("RandaoBeacon", controller)
    for each in ("LivepeerToken", "Minter", "Governor", "RandaoBeacon"):
        if each in where:
            yield register(each, where[each])
    for proxied in PROXIED:
        if proxied in without:
            continue
        source = _rounds(config) if proxied == "RoundsManager" else proxied
        target = f"{proxied}Target"
        yield from create(target, controller, source=source)
        yield from create(proxied, controller, name_hash(target), source="ManagerProxy")
        yield register(target, where[target])
        yield register(proxied, where[proxied])
        for companion in COMPANIONS.get(proxied, ()):
            if companion in without:
                continue
            yield from create(companion, controller)
            yield register(companion, where[companion])
    if "JobsManager" in where:
        # The one contract that may slash.
        yield register("Verifier", where["JobsManager"])
    if config.faucet_request:
        token = where["LivepeerToken"]
        yield from create("LivepeerTokenFaucet", token, config.faucet_request, config.faucet_wait)


def _set_parameters(config: ProtocolConfig, where: dict[str, str]) -> Steps:
    simple = (
        ("RoundsManager", "setRoundLength", config.round_length),
        ("RoundsManager", "setRoundLockAmount", config.round_lock_amount),
        ("BondingManager", "setUnbondingPeriod", config.unbonding_period),
        ("BondingManager", "setNumActiveTranscoders", config.num_active_transcoders),
        ("BondingManager", "setMinSelfStake", config.min_self_stake),
        ("BondingManager", "setTreasuryRewardCutRate", config.treasury_reward_cut_rate),
        ("BondingManager", "setTreasuryBalanceCeiling", config.treasury_balance_ceiling),
        ("BondingManager", "setWorkRebate", config.work_rebate),
        ("BondingManager", "setWorkWeight", config.work_weight),
    )
    for contract, function, value in simple:
        if value and contract in where:
            yield _call(where, contract, function, value)
    # The committee first: a JobsManager refuses windows too short for it.
    structs = (("VerifierCommittee", config.committee), ("JobsManager", config.jobs))
    for contract, parameters in structs:
        if contract in where:
            yield _call(where, contract, "setParameters", _struct(contract, parameters))


def _struct(contract: str, parameters: JobsParameters | CommitteeParameters) -> tuple[int, ...]:
    """The parameters in the order of the contract's struct; names differ only in their case."""
    for entry in artifact(contract).abi:
        if entry["type"] == "function" and entry["name"] == "setParameters":
            fields = entry["inputs"][0]["components"]
            return tuple(getattr(parameters, _snake(each["name"])) for each in fields)
    raise LookupError(f"{contract} has no setParameters")


def _snake(camel: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in camel)


def _hand_out_token(config: ProtocolConfig, where: dict[str, str], deployer: str) -> Steps:
    def token(function: str, *args: Any) -> Call:
        return _call(where, "LivepeerToken", function, *args)

    yield token("grantRole", MINTER_ROLE, where["Minter"])
    yield token("grantRole", BURNER_ROLE, where["Minter"])
    if "VerifierCommittee" in where:
        # Half of every fine is destroyed.
        yield token("grantRole", BURNER_ROLE, where["VerifierCommittee"])
    yield token("grantRole", MINTER_ROLE, deployer)
    if config.initial_supply:
        yield token("mint", deployer, config.initial_supply)
    if config.faucet_request and config.faucet_supply:
        yield token("mint", where["LivepeerTokenFaucet"], config.faucet_supply)
    yield token("revokeRole", MINTER_ROLE, deployer)


def _hand_over(where: dict[str, str], deployer: str) -> Steps:
    governor = where["Governor"]
    yield _call(where, "LivepeerToken", "grantRole", DEFAULT_ADMIN_ROLE, governor)
    yield _call(where, "LivepeerToken", "renounceRole", DEFAULT_ADMIN_ROLE, deployer)
    yield _call(where, "Controller", "transferOwnership", governor)


def _give_governor(config: ProtocolConfig, where: dict[str, str]) -> Steps:
    """The Governor changes hands only by an update of its own."""
    governor = where["Governor"]
    data = name_hash("transferOwnership(address)")[:4]
    data += bytes(12) + bytes.fromhex(config.governor_owner.removeprefix("0x"))
    update = ((governor,), (0,), (data,), 0)
    yield _call(where, "Governor", "stage", update, 0)
    yield _call(where, "Governor", "execute", update)


def _layout(config: ProtocolConfig, name: str) -> tuple[Variable, ...]:
    """Layout of the storage behind a proxy, which an upgrade must respect."""
    if name not in PROXIED:
        return ()
    source = _rounds(config) if name == "RoundsManager" else name
    return variables(artifact(source).layout)


def _describe(
    config: ProtocolConfig, where: dict[str, str], name: str, chain_id: int, start_block: int
) -> Plan:
    contracts = {}
    for each, address in where.items():
        done = yield Inspect(address)
        contracts[each] = Deployed(address, keccak(done.code), _layout(config, each))
    return Deployment(
        name=name,
        chain_id=chain_id,
        production=config.production,
        start_block=start_block,
        contracts=contracts,
    )
