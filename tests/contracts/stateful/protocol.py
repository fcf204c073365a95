"""The protocol on pyrevm, with accounts of ours in the places of its courts and payers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyrevm import EVM
from vyper import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.deployment import Call, Deploy, Done, development, drive, name_hash, plan
from tests.contracts.stateful.evm import Chain, word
from tests.contracts.stateful.view import Lens

if TYPE_CHECKING:
    from offchain.chain.deployment import Step

ETHER = 10**18
ACCOUNTS = 10
ROUND_LENGTH = 20
LOCK_AMOUNT = 200_000
UNBONDING_PERIOD = 3
POOL_SIZE = 4
FIRST_BLOCK = 1000
EACH_HAS = 2 * 10**6 * 10**18
INFLATION = 2_000_000
INFLATION_CHANGE = 20_000
TARGET_BONDING_RATE = 500_000_000
# Contracts whose places are taken by plain accounts, so that rules can call on their behalf. A book
# of settled work stands in for JobsManager, and passes on what a rule has it say.
ROLES = ("JobsManager", "VerifierCommittee", "RandaoBeacon")


def person(number: int) -> str:
    """The address of a test account."""
    return f"0x{0xA000 + number:04x}" + f"{number + 1:036x}"


OWNER = person(0x1040)
JOBS = person(0x1041)
VERIFIER = person(0x1042)
COMMITTEE = person(0x1043)
FRIEND = person(0x1044)
STRANGER = person(0x1045)
TREASURY = person(0x1046)
BYSTANDERS = (FRIEND, COMMITTEE, TREASURY)
"""Accounts that receive tokens and never bond."""


@cache
def helper_code(name: str) -> bytes:
    """A contract beside this file, compiled."""
    folder = Path(__file__).parent
    bundle = FilesystemInputBundle([folder])
    output = compile_from_file_input(
        bundle.load_file(f"{name}.vy"), input_bundle=bundle, output_formats=["bytecode"]
    )
    return bytes.fromhex(output["bytecode"].removeprefix("0x"))


@dataclass(frozen=True, slots=True)
class Protocol:
    """A deployed protocol: addresses in lower case by name, accounts with LPT and allowances."""

    chain: Chain
    contracts: dict[str, str]
    accounts: tuple[str, ...]
    lens: Lens

    def __getitem__(self, name: str) -> str:
        return self.contracts[name]


def deploy(pool_size: int = POOL_SIZE, accounts: int = ACCOUNTS) -> Protocol:
    """Deploys everything, hands out LPT, and starts with the first round not yet initialised."""
    evm = EVM(gas_limit=10**9, spec_id="CANCUN")
    chain = Chain(evm)
    chain.move_to(FIRST_BLOCK)
    people = tuple(person(number) for number in range(accounts))
    for each in (OWNER, JOBS, VERIFIER, COMMITTEE, FRIEND, STRANGER, *people):
        evm.set_balance(each, 10**9 * ETHER)

    def perform(step: Step) -> Done:
        if isinstance(step, Deploy):
            code = encode_constructor(artifact(step.artifact), step.args)
            return Done(address=evm.deploy(OWNER, code).lower())
        if isinstance(step, Call):
            data = encode_call(artifact(step.artifact), step.function, step.args)
            evm.reset_transient_storage()
            evm.message_call(OWNER, step.address, data, value=step.value)
            return Done()
        return Done(code=bytes(evm.get_code(step.address) or b""))

    config = replace(
        development(),
        governed=False,
        round_length=ROUND_LENGTH,
        round_lock_amount=LOCK_AMOUNT,
        unbonding_period=UNBONDING_PERIOD,
        num_active_transcoders=pool_size,
        min_self_stake=0,
        inflation=INFLATION,
        inflation_change=INFLATION_CHANGE,
        target_bonding_rate=TARGET_BONDING_RATE,
        treasury_reward_cut_rate=10**26,
        work_weight=0,
        work_rebate=0,
        initial_supply=accounts * EACH_HAS,
        faucet_request=0,
        faucet_supply=0,
    )
    deployment = drive(plan(config, OWNER, without=frozenset(ROLES)), perform)
    contracts = {name: entry.address.lower() for name, entry in deployment.contracts.items()}
    controller, token = contracts["Controller"], contracts["LivepeerToken"]

    def send(sender: str, to: str, signature: str, *arguments: int | str | bool | bytes) -> None:
        answer = chain.send(sender, to, signature, *arguments)
        assert answer.ok, f"{signature}: {answer.reason}"

    book = evm.deploy(OWNER, helper_code("WorkBook") + word(contracts["BondingManager"])).lower()
    contracts["JobsManager"] = book
    for name, holder in (
        ("JobsManager", book),
        ("TicketBroker", JOBS),
        ("Verifier", VERIFIER),
        ("VerifierCommittee", COMMITTEE),
        ("Treasury", TREASURY),
    ):
        register = "setContractInfo(bytes32,address,bytes20)"
        send(OWNER, controller, register, name_hash(name), holder, 0)
    for each in people:
        send(OWNER, token, "transfer(address,uint256)", each, EACH_HAS)
        send(each, token, "approve(address,uint256)", contracts["BondingManager"], 2**256 - 1)
    seen = [contracts[name] for name in ("BondingManager", "BondingVotes", "RoundsManager")]
    seen += [token, contracts["Minter"]]
    lens = evm.deploy(OWNER, helper_code("StakingLens") + b"".join(map(word, seen)))
    return Protocol(chain, contracts, people, Lens(chain, lens.lower(), people, BYSTANDERS))
