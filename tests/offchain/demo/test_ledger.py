"""The books add up to the smallest unit, and one altered payment shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from offchain.node.demo.justice import Slash
from offchain.node.demo.ledger import Facts, reckon
from offchain.node.demo.table import final_table

amounts = st.integers(0, 10**24)
people = st.dictionaries(
    st.sampled_from(["Ada", "Grace", "Dorothy"]), st.integers(1, 10**24), min_size=1
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """A run whose every unit is accounted for."""
    fees, minted = draw(people), draw(people)
    rounding, protocol, refunded, held = (draw(amounts) for _ in range(4))
    minted_rounding, before = draw(amounts), draw(amounts)
    rewarded, burned, to_burn = draw(people), draw(amounts), draw(amounts)
    return Facts(
        block=10,
        escrowed=sum(fees.values()) + rounding + protocol + refunded + held,
        fees=fees,
        fees_rounding=rounding,
        protocol_fee=protocol,
        refunded=refunded,
        held=held,
        checking=draw(people),
        minted=minted,
        minted_rounding=minted_rounding,
        supply_before=before,
        supply_now=before + sum(minted.values()) + minted_rounding - burned,
        taken={"Ada": sum(rewarded.values()) + burned + to_burn},
        burned=burned,
        to_burn=to_burn,
        rewarded=rewarded,
    )


def printed(known: Facts, slashes: Sequence[Slash] = ()) -> str:
    out = StringIO()
    Console(file=out, width=120).print(final_table([], [], reckon(known), slashes))
    return out.getvalue()


@given(facts())
def test_reckon__every_unit_accounted_for__adds_up(known: Facts) -> None:
    ledger = reckon(known)

    assert ledger.balanced
    assert ledger.escrow.difference == ledger.mint.difference == ledger.taken.difference == 0


@given(facts(), st.data(), st.integers(1, 10**20), st.sampled_from([-1, 1]))
def test_reckon__one_payment_altered__differs_by_exactly_that(
    known: Facts, data: st.DataObject, by: int, sign: int
) -> None:
    who = data.draw(st.sampled_from(sorted(known.fees)))
    altered = replace(known, fees={**known.fees, who: known.fees[who] + sign * by})

    ledger = reckon(altered)

    assert not ledger.balanced
    assert ledger.escrow.difference == sign * by
    assert ledger.mint.balanced


@pytest.mark.parametrize(
    "field",
    ["protocol_fee", "refunded", "held", "fees_rounding", "escrowed", "burned", "to_burn"],
)
def test_reckon__any_other_figure_altered__does_not_add_up(field: str) -> None:
    known = replace(KNOWN, **{field: getattr(KNOWN, field) + 1})

    assert not reckon(known).balanced


def test_reckon__money_from_nowhere_hidden_by_a_debt__does_not_add_up() -> None:
    known = replace(KNOWN, fees={"Ada": KNOWN.fees["Ada"] + 50}, fees_rounding=-49)

    ledger = reckon(known)

    assert ledger.escrow.difference == 0
    assert not ledger.balanced
    assert "below zero" in ledger.escrow.verdict("the escrow")


def test_table__one_payment_altered_by_a_wei__changes_and_says_so() -> None:
    altered = replace(KNOWN, fees={"Ada": KNOWN.fees["Ada"] - 1})

    assert "Adds up to the escrow to the wei." in printed(KNOWN)
    assert "DOES NOT ADD UP: 1 wei less than the escrow." in printed(altered)
    assert printed(KNOWN) != printed(altered)


def test_table__slash_of_another_amount_or_from_a_delegator__says_so() -> None:
    fair = Slash(
        "Ada", "for invalid work", 1, 0, 50_000, 200, 10, "The studio", 5, {"Dorothy": (7, 7)}
    )
    dear = replace(fair, taken=11)
    spilt = replace(fair, delegators={"Dorothy": (7, 6)})

    grown = replace(fair, delegators={"Dorothy": (7, 8)})

    assert [each.exact for each in (fair, dear, spilt, grown)] == [True, False, False, False]
    assert replace(grown, rewarded=True).exact
    assert not replace(spilt, rewarded=True).exact
    assert "Exactly the fraction, and nothing from delegators." in printed(KNOWN, [fair])
    for each in (dear, spilt):
        assert "NOT EXACT" in printed(KNOWN, [fair, each])


def test_table__supply_grew_by_more_than_was_minted__says_so() -> None:
    altered = replace(KNOWN, supply_now=KNOWN.supply_now + 1)

    assert "Adds up to the change of total supply" in printed(KNOWN)
    assert "DOES NOT ADD UP: 1 smallest unit less than the change" in printed(altered)


KNOWN = Facts(
    block=10,
    escrowed=1_000,
    fees={"Ada": 700},
    fees_rounding=1,
    protocol_fee=49,
    refunded=50,
    held=200,
    checking={"Hedy": 5},
    minted={"Ada": 90, "Dorothy": 10},
    minted_rounding=0,
    supply_before=500,
    supply_now=595,
    taken={"Hedy": 10},
    burned=5,
    to_burn=2,
    rewarded={"Alan": 3},
)
