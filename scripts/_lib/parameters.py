"""Every parameter that governance sets: where it is read, how it is set, in which unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from offchain.chain.artifacts import artifact
from scripts._lib.amounts import MILLION, WEI, eth, lpt, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts._lib.governing import Change
    from scripts._lib.session import Session


@dataclass(frozen=True, slots=True)
class Unit:
    """How a number is shown, and what one of what people type is in the contract's terms."""

    show: Callable[[int], str]
    scale: int = 1

    def parse(self, text: str) -> int:
        """A typed value in the contract's terms."""
        try:
            value = Decimal(text.rstrip("% ").replace("_", "").replace(",", "")) * self.scale
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value != value.to_integral_value() or value < 0:
            raise click.ClickException(f"{text!r} is no value for it")
        return int(value)


class Word(Unit):
    """A word of packed fields, in hexadecimal."""

    def parse(self, text: str) -> int:
        """A typed word in the contract's terms."""
        try:
            value = int(text, 16)
        except ValueError:
            value = -1
        if not 0 <= value < 2**256:
            raise click.ClickException(f"{text!r} is no word of 32 bytes in hexadecimal")
        return value


def _counted(noun: str) -> Unit:
    return Unit(lambda value: f"{value:,} {noun}")


BLOCKS, ROUNDS, PLAIN = _counted("blocks"), _counted("rounds"), Unit(lambda value: f"{value:,}")
LPT = Unit(lpt, WEI)
ETH = Unit(eth, WEI)
LPT_PER_ETH = Unit(lambda value: f"{lpt(value)} per ETH", WEI)
ETH_PER_LPT = Unit(lambda value: f"{eth(value)} per LPT", WEI)
PERCENT = Unit(percent, MILLION // 100)
PERCENT_OF_BILLION = Unit(lambda value: percent(value, 10**9), 10**7)
PERCENT_PRECISE = Unit(lambda value: percent(value, 10**27), 10**25)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `field` names its place in a struct that is set as a whole."""

    contract: str
    name: str
    unit: Unit
    getter: str = ""
    setter: str = ""
    field: str = ""

    @property
    def full_name(self) -> str:
        """What people call it."""
        return f"{self.contract}.{self.name}"


def _simple(contract: str, name: str, unit: Unit, getter: str = "") -> Parameter:
    setter = "set" + name[0].upper() + name[1:]
    return Parameter(contract, name, unit, getter or name, setter)


SIMPLE = (
    _simple("RoundsManager", "roundLength", BLOCKS),
    _simple("RoundsManager", "roundLockAmount", PERCENT),
    _simple("BondingManager", "unbondingPeriod", ROUNDS),
    _simple("BondingManager", "numActiveTranscoders", PLAIN, "getTranscoderPoolMaxSize"),
    _simple("BondingManager", "minSelfStake", LPT),
    _simple("BondingManager", "treasuryRewardCutRate", PERCENT_PRECISE),
    _simple("BondingManager", "treasuryBalanceCeiling", LPT),
    _simple("BondingManager", "workWeight", PERCENT),
    _simple("BondingManager", "workRebate", LPT_PER_ETH),
    _simple("Minter", "inflationChange", PERCENT_OF_BILLION),
    _simple("Minter", "targetBondingRate", PERCENT_OF_BILLION),
)
# Parameters that are set together, as one struct.
STRUCTS = ("JobsManager", "VerifierCommittee")
FIELD_UNITS = {
    "verificationRate": _counted("segments a draw"),
    "maxSamples": _counted("draws"),
    "seatPay": ETH,
    "maxFeesAtRisk": ETH_PER_LPT,
    "protocolFee": PERCENT,
    "finderShare": PERCENT,
    "seatBond": LPT,
    "deadBand": Word(lambda value: f"0x{value:064x}"),
}


def all_parameters() -> list[Parameter]:
    """Every parameter there is."""
    found = list(SIMPLE)
    for contract in STRUCTS:
        found += [
            Parameter(contract, name, _field_unit(name), field=name) for name in _fields(contract)
        ]
    return found


def find(full_name: str) -> Parameter:
    """A parameter by name, with its contract's or without where that is enough."""
    found = [each for each in all_parameters() if full_name in (each.full_name, each.name)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(each.full_name for each in found)
        raise click.ClickException(f"which one: {names}?")
    raise click.ClickException(f"there is no parameter {full_name}; `ape run params` lists them")


def read(session: Session, parameter: Parameter) -> int:
    """Its value in the contract's terms."""
    if parameter.field:
        value = _struct(session, parameter.contract)[parameter.field]
        return int.from_bytes(value) if isinstance(value, bytes) else value
    return int(session.read(parameter.contract, parameter.getter))


def change(session: Session, parameter: Parameter, value: int) -> Change:
    """The call that sets it. One field of a struct is set with the others as they are."""
    if not parameter.field:
        return (parameter.contract, parameter.setter, (value,))
    struct = _struct(session, parameter.contract)
    is_word = isinstance(struct[parameter.field], bytes)
    struct = {**struct, parameter.field: value.to_bytes(32) if is_word else value}
    return (parameter.contract, "setParameters", (struct,))


def _struct(session: Session, contract: str) -> dict[str, int | bytes]:
    values: dict[str, int | bytes]
    if contract == "JobsManager":
        # It keeps the terms of claims made before; the last version is in force.
        version = session.read(contract, "parametersVersion")
        values = session.read(contract, "parametersOf", version)
    else:
        values = session.read(contract, "parameters")
    return values


def _fields(contract: str) -> list[str]:
    for entry in artifact(contract).abi:
        if entry["type"] == "function" and entry["name"] == "setParameters":
            return [each["name"] for each in entry["inputs"][0]["components"]]
    return []


def _field_unit(name: str) -> Unit:
    if name in FIELD_UNITS:
        return FIELD_UNITS[name]
    if name.endswith(("Window", "Delay")):
        return BLOCKS
    if name.endswith("Slash"):
        return PERCENT
    return LPT if name.endswith("Penalty") else PLAIN
