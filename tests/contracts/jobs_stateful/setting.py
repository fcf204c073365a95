"""The whole protocol on pyrevm with short windows, and the people who use it."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyrevm import EVM
from vyper import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.deployment import Call, Deploy, Done, development, drive, name_hash, plan
from offchain.chain.protocol_config import CommitteeParameters, JobsParameters
from offchain.proof.keccak import keccak
from offchain.proof.signatures import address_of
from tests.contracts.jobs_stateful.bytecode import LENS, WALLET, answers, query
from tests.contracts.stateful.evm import ZERO, Chain, calldata, revert_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.chain.deployment import Step

LPT = 10**18
ROUND_LENGTH = 30
LOCK_AMOUNT = 300_000
UNBONDING_PERIOD = 4
FIRST_BLOCK = 1_000
BROADCASTERS = 3
STRANGERS = 3
ROOT = Path(__file__).resolve().parents[3]

TERMS = JobsParameters(
    verification_rate=3,
    max_samples=4,
    seed_delay=2,
    election_delay=2,
    seed_window=9,
    challenge_window=5,
    open_window=7,
    accept_window=6,
    claim_window=12,
    verdict_window=60,
    seat_pay=10**9 + 7,
    protocol_fee=50_000,
    invalid_slash=30_000,
    missed_slash=50_000,
    double_claim_slash=80_000,
    finder_share=500_000,
    max_fees_at_risk=4 * 10**14,
)
COURT = CommitteeParameters(
    commit_window=6,
    reveal_window=5,
    appeal_window=4,
    seat_delay=2,
    seat_window=7,
    seat_bond=100 * LPT,
    no_commit_penalty=2 * LPT,
    minority_penalty=5 * LPT,
    no_reveal_penalty=10 * LPT + 1,
    seat_pay=3 * 10**9 + 1,
)


def key_of(label: str) -> bytes:
    """A private key for a name, the same each time."""
    return keccak(f"jobs machine {label}".encode())


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part: addresses in lower case. ``keys`` sign segments, by signer."""

    transcoders: tuple[str, ...]
    broadcasters: tuple[str, ...]
    signers: dict[str, str]
    strangers: tuple[str, ...]
    keys: dict[str, bytes]
    wallets: frozenset[str]

    @property
    def everybody(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.transcoders, *self.broadcasters, *self.strangers)


@dataclass(frozen=True, slots=True)
class Setting:
    """A deployed protocol, and ways to call it and to read many views at once."""

    chain: Chain
    contracts: dict[str, str]
    raw: dict[str, bytes]
    cast: Cast
    lens: str

    def __getitem__(self, name: str) -> str:
        return self.contracts[name]

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> tuple[bytes, str]:
        """A transaction: its output, and its reason if it was refused. Wallets call by proxy."""
        if sender in self.cast.wallets:
            data = bytes.fromhex(to[2:]) + data
            to, sender = sender, OWNER
        answer = self.chain.raw(sender, to, data, value)
        return answer.output, answer.reason

    def look(self, queries: Sequence[bytes]) -> list[list[int]]:
        """The words that many views return."""
        try:
            output = self.chain.evm.message_call(
                ZERO, self.lens, b"".join(queries), is_static=True, gas=10**9
            )
        except RuntimeError as error:
            raise AssertionError(f"a view reverted: {revert_reason(str(error))}") from error
        return answers(bytes(output))

    def ask(self, name: str, data: bytes) -> list[int]:
        """The words of one view."""
        return self.look([query(self.raw[name], data)])[0]

    def eth(self, address: str) -> int:
        """An account's wei."""
        return int(self.chain.evm.get_balance(address))


ASK = "setTranscoderPrice(uint256,uint256)"
OWNER = "0x" + f"{0xC0FFEE:040x}"
POKER = "0x" + f"{0xB0B0:040x}"


@cache
def beacon_code() -> bytes:
    """The beacon that can be told its seeds, compiled."""
    bundle = FilesystemInputBundle([ROOT])
    output = compile_from_file_input(
        bundle.load_file("contracts/testing/SeedBeacon.vy"),
        input_bundle=bundle,
        output_formats=["bytecode"],
    )
    return bytes.fromhex(output["bytecode"].removeprefix("0x"))


def deploy(transcoders: int) -> Setting:
    """Deploys everything and bonds the transcoders; all of them are active for a second round."""
    evm = EVM(gas_limit=10**9, spec_id="CANCUN")
    chain = Chain(evm)
    chain.move_to(FIRST_BLOCK)
    evm.set_balance(OWNER, 10**27)
    evm.set_balance(POKER, 10**27)

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
        num_active_transcoders=max(transcoders, 1),
        min_self_stake=0,
        initial_supply=10**9 * LPT,
        faucet_request=0,
        faucet_supply=0,
        jobs=TERMS,
        committee=COURT,
    )
    deployment = drive(plan(config, OWNER), perform)
    contracts = {name: entry.address.lower() for name, entry in deployment.contracts.items()}
    controller = bytes.fromhex(contracts["Controller"][2:])
    beacon = evm.deploy(OWNER, beacon_code() + bytes(12) + controller).lower()
    contracts["RandaoBeacon"] = beacon
    send(chain, OWNER, contracts["Controller"], "setContractInfo(bytes32,address,bytes20)",
         name_hash("RandaoBeacon"), beacon, 0)  # fmt: skip
    cast = people(evm, transcoders)
    lens = evm.deploy(OWNER, LENS).lower()
    raw = {name: bytes.fromhex(address[2:]) for name, address in contracts.items()}
    setting = Setting(chain, contracts, raw, cast, lens)
    bond_all(setting)
    return setting


def people(evm: EVM, transcoders: int) -> Cast:
    """The cast: the first transcoder and the first broadcaster are contracts."""
    keys: dict[str, bytes] = {}
    signers: dict[str, str] = {}

    def keyed(label: str) -> str:
        key = key_of(label)
        address = address_of(key).lower()
        keys[address] = key
        return address

    def wallet() -> str:
        return str(evm.deploy(OWNER, WALLET)).lower()

    workers = (wallet(), *(f"0x{0x7A0000 + number:040x}" for number in range(1, transcoders)))
    broadcasters = (wallet(), *(keyed(f"broadcaster {n}") for n in range(1, BROADCASTERS)))
    for number, each in enumerate(broadcasters):
        # One signs with its own key, the others name another.
        signers[each] = each if number == 1 else keyed(f"signer {number}")
    strangers = tuple(f"0x{0x57A000 + number:040x}" for number in range(STRANGERS))
    cast = Cast(
        workers[:transcoders],
        broadcasters,
        signers,
        strangers,
        keys,
        frozenset({workers[0], broadcasters[0]}),
    )
    for each in (*cast.everybody, *keys):
        evm.set_balance(each, 10**24)
    return cast


def send(
    chain: Chain, sender: str, to: str, signature: str, *args: int | str | bytes | bool
) -> None:
    """A call that has to go through."""
    answer = chain.send(sender, to, signature, *args)  # type: ignore[arg-type]
    assert answer.ok, f"{signature}: {answer.reason}"


def stake_of(number: int) -> int:
    """What each transcoder starts with, in LPT wei: no two alike, and the last has little."""
    return (400 + 137 * (number % 7)) * LPT + number


def bond_all(setting: Setting) -> None:
    """Gives everybody LPT, bonds the transcoders, and goes on to a round in which they work."""
    chain, bonding, token = setting.chain, setting["BondingManager"], setting["LivepeerToken"]

    def act(sender: str, to: str, signature: str, *args: int | str) -> None:
        _, reason = setting.call(sender, to, calldata(signature, *args))
        assert not reason, f"{signature}: {reason}"

    next_round(setting)
    for number, each in enumerate(setting.cast.transcoders):
        send(chain, OWNER, token, "transfer(address,uint256)", each, 10_000 * LPT)
        act(each, token, "approve(address,uint256)", bonding, 2**256 - 1)
        act(each, bonding, "bond(uint256,address)", stake_of(number), each)
    next_round(setting)
    for number, each in enumerate(setting.cast.transcoders):
        if number % 3:
            price = (number % 5 + 1) * 10**9
            act(each, setting["JobsManager"], ASK, price, 1_000)
    next_round(setting)


def next_round(setting: Setting) -> None:
    """Goes to the start of the next round and starts it."""
    chain = setting.chain
    start = chain.read(setting["RoundsManager"], "currentRoundStartBlock()")
    chain.move_to(start + ROUND_LENGTH)
    send(chain, POKER, setting["RoundsManager"], "initializeRound()")


def struct_words(parameters: JobsParameters | CommitteeParameters) -> tuple[int, ...]:
    """Parameters in the order of the ABI's struct."""
    return astuple(parameters)
