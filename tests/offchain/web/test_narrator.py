"""Every event our contracts can emit has words; unknown ones never make the narrator fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.artifacts import artifact, names
from offchain.proof.keccak import keccak
from offchain.web.narrator import STORIES, Narrator
from offchain.web.stories_jobs import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

ADA, HEDY, ALAN, EDSGER, STUDIO = ("0x" + f"{number:040x}" for number in range(1, 6))
NAMES = {ADA: "Ada", HEDY: "Hedy", ALAN: "Alan", EDSGER: "Edsger", STUDIO: "The studio"}
ETHER = 10**18


@dataclass(frozen=True)
class Event:
    contract: str
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    block_number: int = 7


# Contracts whose events a viewer may see, with the artifact that says which they are.
SPEAKING = {
    "JobsManager",
    "VerifierCommittee",
    "RandaoBeacon",
    "BondingManager",
    "BondingVotes",
    "RoundsManager",
    "Minter",
    "LivepeerToken",
    "Controller",
    "ServiceRegistry",
    "Governor",
    "LivepeerTokenFaucet",
}


def every_event() -> Iterator[Any]:
    for contract in sorted(SPEAKING.intersection(names())):
        for entry in artifact(contract).abi:
            if entry["type"] == "event":
                yield pytest.param(contract, entry, id=f"{contract}.{entry['name']}")


def plain_value(kind: str, components: list[dict[str, Any]] | None = None) -> Any:
    if kind.endswith("]"):
        return [plain_value(kind[: kind.rindex("[")], components)]
    if kind == "tuple":
        assert components is not None
        return {
            each["name"]: plain_value(each["type"], each.get("components")) for each in components
        }
    if kind == "address":
        return ADA
    if kind.startswith("bytes"):
        return bytes(32)
    if kind == "string":
        return "text"
    return kind == "bool" or 1


@pytest.mark.parametrize(("contract", "entry"), every_event())
def test_tell__event_of_a_contract__has_a_story_that_needs_no_memory(
    contract: str, entry: dict[str, Any]
) -> None:
    args = {
        each["name"]: plain_value(each["type"], each.get("components")) for each in entry["inputs"]
    }

    story = STORIES.get((contract, entry["name"]))
    assert story is not None, f"{contract}.{entry['name']} has no words"
    told = story(args, Narrator(NAMES).memory)

    if told is not None:
        kind, text = told
        assert kind in {"work", "money", "trouble", "plain", "quiet"}
        assert text and text[0].isupper() | text[0].isdigit()
        assert "0x0000" not in text, "a known account goes by its name"


def tell_all(narrator: Narrator, *events: Event) -> list[str]:
    lines = (narrator.tell(event) for event in events)
    return [line.text for line in lines if line is not None]


def test_tell__life_of_a_claim__reads_as_a_story() -> None:
    seed = keccak(b"seed")
    claim = {"jobId": 1, "claimId": 0}
    picks = [5 + index for index in drawn(seed, 1, 0, 2, 12)]
    told = tell_all(
        Narrator(NAMES),
        Event(
            "JobsManager",
            "WorkClaimed",
            {
                **claim,
                "transcoder": ADA,
                "firstSequence": 5,
                "lastSequence": 16,
                "segmentCount": 12,
                "fees": ETHER // 1000,
                "seedBlock": 40,
                "draws": 2,
            },
        ),
        Event("RandaoBeacon", "SeedProven", {"blockNumber": 40, "seed": seed, "clock": 41}),
        Event(
            "VerifierCommittee",
            "SeatsDrawn",
            {"request": 9, **claim, "seats": [HEDY, ALAN, EDSGER]},
        ),
        *(
            Event(
                "VerifierCommittee",
                "VerdictRevealed",
                {"request": 9, "verifier": who, "verdict": 1},
            )
            for who in (HEDY, ALAN, EDSGER)
        ),
        Event("VerifierCommittee", "VerificationConcluded", {"request": 9, **claim, "verdict": 1}),
        Event(
            "JobsManager",
            "FeesDistributed",
            {**claim, "transcoder": ADA, "fees": 12 * ETHER // 10_000, "protocolFee": 0},
        ),
    )

    numbers = " and ".join(map(str, picks))
    segments = "segment" if len(picks) == 1 else "segments"
    assert told == [
        "Ada claimed 12 segments for 0.001 ETH; the lottery of block 40 will pick what to check",
        f"The lottery drew {segments} {numbers} from Ada's claim",
        "Hedy, Alan and Edsger were drawn to check Ada",
        "Hedy measured the pictures and found: valid",
        "Alan measured the pictures and found: valid",
        "Edsger measured the pictures and found: valid",
        "Three peers checked Ada's segments: all valid",
        "Ada and its delegators were paid 0.0012 ETH",
    ]


def test_tell__split_vote__counts_the_votes() -> None:
    votes = ((HEDY, 2), (ALAN, 2), (EDSGER, 1))
    told = tell_all(
        Narrator(NAMES),
        *(
            Event(
                "VerifierCommittee",
                "VerdictRevealed",
                {"request": 1, "verifier": who, "verdict": v},
            )
            for who, v in votes
        ),
        Event(
            "VerifierCommittee",
            "VerificationConcluded",
            {"request": 1, "jobId": 1, "claimId": 3, "verdict": 2},
        ),
    )

    assert told[-1] == "Three peers checked a transcoder's segments: invalid, by 2 of 3"


def test_drawn__same_words_as_the_contract__index_is_keccak_of_abi_encoding_modulo_count() -> None:
    seed = keccak(b"a block")

    def index(turn: int) -> int:
        words = encode(["bytes32", "uint256", "uint256", "uint256"], [seed, 3, 4, turn])
        return int.from_bytes(keccak(words), "big") % 100

    assert drawn(seed, 3, 4, 5, 100) == sorted({index(turn) for turn in range(5)})


values = st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.lists(st.integers()))


@given(
    st.sampled_from([*sorted(STORIES), ("Nobody", "NeverHeardOf")]),
    st.dictionaries(st.sampled_from(["jobId", "claimId", "amount", "seats", "seed"]), values),
)
def test_tell__arguments_of_another_version__gives_a_plain_line_or_none(
    key: tuple[str, str], args: dict[str, Any]
) -> None:
    line = Narrator().tell(Event(*key, args))

    assert line is None or line.text


def test_tell__unknown_event__names_it() -> None:
    line = Narrator().tell(Event("JobsManager", "SomethingNew", {"x": 1}))

    assert line is not None
    assert (line.kind, line.text) == ("quiet", "JobsManager reports SomethingNew")


def test_memory__a_year_of_claims__stays_bounded() -> None:
    narrator = Narrator()
    for number in range(5_000):
        narrator.tell(
            Event(
                "JobsManager",
                "VerificationRequested",
                {"jobId": 1, "claimId": number, "request": number, "leaves": 1},
            )
        )

    assert len(narrator.memory.requests) == 2_000
    assert 4_999 in narrator.memory.requests
