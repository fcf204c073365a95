"""Storage layouts: where a contract keeps what, and whether new code may take old storage over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """One storage variable: its first slot, how many it takes, its name and its type."""

    slot: int
    slots: int
    name: str
    type: str

    def __str__(self) -> str:
        last = self.slot + self.slots - 1
        place = f"slot {self.slot}" if self.slots == 1 else f"slots {self.slot} to {last}"
        return f"{place}: {self.name}: {self.type}"


def variables(layout: Mapping[str, Any]) -> tuple[Variable, ...]:
    """The storage variables of an artifact's layout, in order of slots."""
    return tuple(sorted(_flatten(layout.get("storage_layout", {}), "")))


def differences(old: Sequence[Variable], new: Sequence[Variable]) -> list[str]:
    """Why code with layout `new` must not run on storage of layout `old`; empty if it may.

    Every old variable has to stay where it is, under its name and type; new ones come after all
    old ones. As a diff: `-` is what the storage holds, `+` what the code expects there.
    """
    expected = {variable.slot: variable for variable in new}
    found = []
    for variable in old:
        replacement = expected.pop(variable.slot, None)
        if replacement == variable:
            continue
        found.append(f"- {variable}")
        found.append(f"+ {replacement}" if replacement else "+ (nothing)")
    end = max((variable.slot + variable.slots for variable in old), default=0)
    found.extend(
        f"+ {variable} (inside the old storage)"
        for variable in expected.values()
        if variable.slot < end
    )
    return found


def _flatten(layout: Mapping[str, Any], path: str) -> list[Variable]:
    found = []
    for name, entry in layout.items():
        if "slot" in entry:
            found.append(Variable(entry["slot"], entry["n_slots"], path + name, entry["type"]))
        else:
            found.extend(_flatten(entry, f"{path}{name}."))
    return found
