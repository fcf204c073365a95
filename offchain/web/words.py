"""Amounts, counts and names as a viewer reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNIT = 10**18
SMALL_NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def coins(amount: int) -> str:
    """Smallest units (wei) as whole coins: four significant digits below one, grouped above."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), UNIT)
    if whole >= 100:
        return f"{sign}{whole:,}"
    digits = f"{rest:018d}"
    keep = 2 if whole else 18 - len(digits.lstrip("0")) + 4
    fraction = digits[:keep].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def eth(wei: int) -> str:
    """`0.0012 ETH`."""
    return f"{coins(wei)} ETH"


def lpt(amount: int) -> str:
    """`1,234 LPT`, from the token's smallest unit."""
    return f"{coins(amount)} LPT"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 segment`, `12 segments`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def spelled(number: int) -> str:
    """`three` for small numbers, digits for large ones."""
    return SMALL_NUMBERS[number] if 0 <= number < len(SMALL_NUMBERS) else f"{number:,}"


def capital(text: str) -> str:
    """The text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def joined(items: Iterable[object]) -> str:
    """`3`, `3 and 7`, `3, 5 and 7`."""
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def numbered(noun: str, numbers: Sequence[int], most: int = 6) -> str:
    """`segment 3`, `segments 3 and 7`; long lists are cut: `segments 1, 2, 3 and 20 more`."""
    if len(numbers) == 1:
        return f"{noun} {numbers[0]}"
    if len(numbers) > most:
        return f"{noun}s {', '.join(map(str, numbers[:most]))} and {len(numbers) - most} more"
    return f"{noun}s {joined(numbers)}"


def percent(millionths: int) -> str:
    """Parts per million as `5 %`, `2.5 %`."""
    return f"{millionths / 10_000:g} %"


def short(address: str) -> str:
    """`0x1234…cdef`."""
    return f"{address[:6]}…{address[-4:]}" if len(address) > 12 else address
