"""Amounts, addresses and percentages as people type and read them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click
from eth_utils.address import is_address, to_checksum_address

WEI = 10**18
MILLION = 1_000_000
ZERO = "0x" + "00" * 20
# What `all` on the command line stands for.
EVERYTHING = -1


def tokens(wei: int, places: int = 6) -> str:
    """An amount of 18 decimals, rounded down to `places`: 1234567 LPT reads 1,234,567."""
    sign, wei = ("-", -wei) if wei < 0 else ("", wei)
    whole, rest = divmod(wei, WEI)
    digits = f"{rest:018d}"[:places].rstrip("0")
    if not whole and not digits and rest:
        return f"{sign}{wei} wei"
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")


def lpt(wei: int) -> str:
    """LPT wei in words."""
    shown = tokens(wei)
    return shown.replace("wei", "LPT wei") if shown.endswith("wei") else f"{shown} LPT"


def eth(wei: int) -> str:
    """Wei in words."""
    shown = tokens(wei, places=9)
    return shown if shown.endswith("wei") else f"{shown} ETH"


def percent(parts: int, whole: int = MILLION) -> str:
    """A fraction as a percentage."""
    shown = Decimal(parts) * 100 / Decimal(whole)
    return f"{shown.normalize():f} %"


class Amount(click.ParamType):
    """An amount in whole tokens, such as 12 or 0.5; `all` where the command allows it."""

    def __init__(self, unit: str, *, allow_all: bool = False) -> None:
        self.name = unit
        self._allow_all = allow_all

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """To wei, or EVERYTHING."""
        if isinstance(value, int):
            return value
        if self._allow_all and value == "all":
            return EVERYTHING
        try:
            wei = Decimal(str(value).replace(",", "").replace("_", "")) * WEI
        except InvalidOperation:
            wei = Decimal("NaN")
        if not wei.is_finite() or wei != wei.to_integral_value():
            self.fail(f"{value!r} is no amount of {self.name}, such as 12 or 0.5", param, ctx)
        if wei <= 0:
            self.fail("the amount must be more than 0", param, ctx)
        return int(wei)


class Address(click.ParamType):
    """An Ethereum address."""

    name = "address"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """To its checksum spelling."""
        if not is_address(value):
            self.fail(f"{value!r} is no address", param, ctx)
        return to_checksum_address(value)


class Percentage(click.ParamType):
    """A percentage such as 12.5, in parts per million."""

    name = "percent"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """To parts per million."""
        try:
            parts = Decimal(str(value).rstrip("% ")) * 10_000
        except InvalidOperation:
            parts = Decimal("NaN")
        if not parts.is_finite() or parts != parts.to_integral_value():
            self.fail(f"{value!r} is no percentage, such as 12.5", param, ctx)
        if not 0 <= parts <= MILLION:
            self.fail("a percentage lies between 0 and 100", param, ctx)
        return int(parts)


LPT = Amount("LPT")
LPT_OR_ALL = Amount("LPT", allow_all=True)
ETH_OR_ALL = Amount("ETH", allow_all=True)
ADDRESS = Address()
PERCENT = Percentage()
