"""Gas of staking, by anvil receipts, beside Livepeer's own.

Whole transactions through the proxies, 21,000 and calldata included and refunds deducted, one block
each. Livepeer's figures were measured in the same way; `livepeer_gas.json` names their source.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from bench.anvil import Anvil, Deployed, account
from bench.gas_scenarios import BOND, LPT, Scenes
from bench.report import Row, write
from offchain.chain.artifacts import names
from offchain.chain.deployment import DEPLOYED, mainnet

if TYPE_CHECKING:
    from offchain.chain.deployment import ProtocolConfig

ROOT = Path(__file__).resolve().parent.parent
LIVEPEER = Path(__file__).with_name("livepeer_gas.json")
POOLS = (10, 100)
STEADY = "RoundsManager.initializeRound (steady)"
# What nobody would need if the active set were not written down: source, text, what is left.
SNAPSHOT = (
    ("BondingControl.vy", "    active_set.write(transcoder_pool.last_round())\n", ""),
    ("round_start.vy", "if total != 0 or transcoder_pool", "if transcoder_pool"),
)
# Contracts built without it, and the names they are registered under.
BARE = {"BondingControl": "BondingControl", "BondingManager": "BondingManagerTarget"}

TARGETS = (
    ("reward", 0.45),
    ("transferBond", 0.45),
    ("claimEarnings", 0.50),
    ("unbond", 0.52),
    ("bond", 0.57),
    ("RoundsManager.initializeRound", 0.60),
)
OTHERS = 0.80


def config(size: int) -> ProtocolConfig:
    """Mainnet's parameters with a pool of ``size`` and the deployer in charge."""
    return replace(
        mainnet(),
        production=False,
        governed=False,
        num_active_transcoders=size,
        min_self_stake=0,
        faucet_request=10 * LPT,
        faucet_supply=1_000 * LPT,
    )


def missing() -> frozenset[str]:
    """Contracts of a deployment that have not been compiled, and are left out."""
    return frozenset(DEPLOYED) - frozenset(names())


def without_snapshot() -> dict[str, bytes]:
    """The code that starts rounds, built without the lines that write the active set, by name."""
    # Only here: measuring the rest needs no compiler.
    from scripts._lib.compiling import compile_contract

    with tempfile.TemporaryDirectory() as place:
        copy = Path(place)
        shutil.copytree(ROOT / "contracts", copy / "contracts")
        folder = copy / "contracts" / "bonding"
        for name, line, left in SNAPSHOT:
            source = folder / name
            text = source.read_text()
            if text.count(line) != 1:
                raise SystemExit(f"{name} writes the snapshot elsewhere now; adapt bench/gas")
            source.write_text(text.replace(line, left))
        built = {
            registered: compile_contract(folder / f"{name}.vy", copy)["bytecode"]
            for name, registered in BARE.items()
        }
    return {name: bytes.fromhex(code.removeprefix("0x")) for name, code in built.items()}


def measure() -> None:
    """Measures everything and writes the rows."""
    livepeer = json.loads(LIVEPEER.read_text())
    bare = without_snapshot()
    rows: list[Row] = []
    snapshots: dict[int, float] = {}
    for size in POOLS:
        reference = livepeer[f"pool{size}"]
        ours, apart = run(size, bare)
        snapshots[size] = ours[STEADY] - apart
        rows += compare(ours, reference, size)
        rows += rounds(ours[STEADY], apart, reference[STEADY], size)
    rows = [*summary(rows), *snapshot(snapshots), *constants(), *rows]
    text = (
        "Averages by scenario, whole transactions on anvil under cancun rules, pools of 10 and "
        f"100. Livepeer: {livepeer['source']}. Its TicketBroker, LivepeerGovernor, PollCreator and "
        "Poll have no counterpart here yet and are left out. The rows that begin with a function's "
        "name alone are the mean of its scenarios' ratios, and the worst of them. "
        "initializeRound is compared without the active-set snapshot, which Livepeer does not "
        "write: the same rounds on the same state, with the code that starts rounds built without "
        "the lines that write it. What the remaining gas is spent on: 21,000 for being a "
        "transaction, about 10,700 for each proxied contract it touches first, one fresh 22,100 "
        "word for a checkpoint of votes, one for the factors of a round, and 5,000 or 2,100 for "
        "each word of state that is written or read; arithmetic is a few per cent. A slash: 47,000 "
        "for votes, 54,000 for the Minter's payment and burn (17,100 of it where the finder has "
        "no LPT yet), 46,000 for nine words of state, 40,000 to get there, and the rest look-ups "
        "and arithmetic."
    )
    write("gas", rows, text)


def run(size: int, bare: dict[str, bytes]) -> tuple[dict[str, float], float]:
    """All scenarios on a pool of ``size``, and a steady round without its snapshot."""
    with Anvil() as anvil:
        scenes = Scenes(Deployed(anvil, config(size), missing()), size)
        ours = scenes.run()
        for name, code in bare.items():
            put_in_place(scenes.on, name, code)
        scenes.next_round("bare, first")
        for _ in range(8):
            scenes.next_round("bare")
        return ours, mean(scenes.gas["bare"])


def put_in_place(deployed: Deployed, name: str, code: bytes) -> None:
    """Puts another contract under the name that others find it by."""
    arguments = bytes.fromhex(deployed.addresses["Controller"][2:]).rjust(32, b"\0")
    receipt = deployed.anvil.send(deployed.owner, None, code + arguments)
    deployed.register(name, receipt["contractAddress"])


def target_of(name: str) -> float:
    """The most a scenario may cost, by Livepeer's figure."""
    for beginning, target in TARGETS:
        if name.startswith(beginning):
            return target
    return OTHERS


def compare(ours: dict[str, float], reference: dict[str, float], size: int) -> list[Row]:
    """A row per scenario that both were measured in."""
    rows = []
    for name, theirs in reference.items():
        if name == STEADY:
            continue
        snapshot = "initializeRound" in name and "very first" not in name
        rows.append(
            Row(
                "gas",
                name,
                round(ours[name]),
                theirs,
                None if snapshot else target_of(name),
                "gas",
                f"pool of {size}" + (", snapshot included" if snapshot else ""),
            )
        )
    return rows


def rounds(steady: float, bare: float, reference: float, size: int) -> list[Row]:
    """A steady round with and without its snapshot, and the snapshot's price."""
    pool = f"pool of {size}"
    target = target_of(STEADY)
    return [
        Row("gas", f"{STEADY}, snapshot apart", round(bare), reference, target, "gas", pool),
        Row("gas", STEADY, round(steady), reference, None, "gas", f"{pool}, snapshot included"),
    ]


def snapshot(costs: dict[int, float]) -> list[Row]:
    """What the snapshot costs for each transcoder, and besides: a line through two pools."""
    small, large = POOLS
    each = (costs[large] - costs[small]) / (large - small)
    fixed = costs[small] - small * each
    name = "active-set snapshot"
    return [
        Row("gas", f"{name}, per active transcoder", round(each), None, 12_000, "gas", ""),
        Row("gas", f"{name}, apart from that", round(fixed), None, None, "gas", "a new contract"),
    ]


def summary(rows: list[Row]) -> list[Row]:
    """Mean and worst ratio of each function's scenarios."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.ratio is None or row.target is None:
            continue
        function = next((name for name, _ in TARGETS if row.name.startswith(name)), "every other")
        groups.setdefault(function, []).append(row)
    found = []
    for function, target in (*TARGETS, ("every other", OTHERS)):
        group = groups.get(function, [])
        if not group:
            continue
        ratios = [row.ratio for row in group if row.ratio is not None]
        worst = max(group, key=lambda row: row.ratio or 0)
        note = f"mean ratio of {len(ratios)} scenarios; worst {worst.ratio}: {worst.name}"
        found.append(Row("gas", function, round(mean(ratios), 3), None, target, "", note))
    return found


def constants() -> list[Row]:
    """What must not grow: claims over many rounds, slashes before many delegators."""
    with Anvil() as anvil:
        scenes = Scenes(Deployed(anvil, config(10), missing()), 10)
        first, later = claims(scenes)
    with Anvil() as anvil:
        scenes = Scenes(Deployed(anvil, config(10), missing()), 10)
        few, many = slashes(scenes)
    return [
        Row("gas", "claimEarnings after 1 round", first, None, None, "gas", ""),
        Row(
            "gas",
            "claimEarnings after 10,000 rounds",
            later,
            first,
            1.05,
            "gas",
            "beside one round",
        ),
        Row("gas", "slashTranscoder, 1 delegator", few, None, 200_000, "gas", "with two locks"),
        Row("gas", "slashTranscoder, 300 delegators", many, None, 200_000, "gas", "with two locks"),
    ]


def claims(scenes: Scenes) -> tuple[int, int]:
    """Gas of a claim after one round, and after 10,000 of which every thousandth was started."""
    scenes.start()
    scenes.fill_pool()
    people = scenes.delegators[:2]
    for name in people:
        scenes.give(name, 100)
    scenes.next_round()
    for name in people:
        scenes.do(name, "bond", 10 * LPT, scenes.transcoders[0])
    scenes.next_round()
    scenes.set_round_length(4)
    scenes.reward(0)
    one = scenes.on.send(people[0], BOND, "claimEarnings", 0)
    for _ in range(10):
        scenes.skip(1_000)
        scenes.do(scenes.payer, "initializeRound", contract="RoundsManager")
        scenes.reward(0)
    return one, scenes.on.send(people[1], BOND, "claimEarnings", 0)


def slashes(scenes: Scenes) -> tuple[int, int]:
    """Gas of a slash of a transcoder with one delegator, and with three hundred."""
    scenes.start()
    scenes.fill_pool()
    verifier = account(9)
    scenes.on.fund(verifier)
    scenes.on.register("Verifier", verifier)
    scenes.next_round()
    scenes.set_round_length(2_000)
    crowd = [account(5000 + number) for number in range(301)]
    for number, name in enumerate(crowd):
        scenes.give(name, 10)
        scenes.do(name, "bond", LPT, scenes.transcoders[5 if number == 0 else 4])
    for number in (4, 5):
        for _ in range(2):
            scenes.do(scenes.transcoders[number], "unbond", LPT)
    scenes.next_round()
    finder = account(10)
    costs = [
        scenes.on.send(
            verifier,
            BOND,
            "slashTranscoder",
            scenes.transcoders[number],
            finder,
            50_000,
            500_000,
        )
        for number in (5, 4)
    ]
    return costs[0], costs[1]
