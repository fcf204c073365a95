"""What everyday calls cost on anvil must not rise by accident.

python -m tests.contracts.golden.test_gas      write the golden file anew
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.anvil import Anvil, Deployed
from bench.gas import config, missing
from bench.gas_scenarios import Scenes

GOLDEN = Path(__file__).with_name("gas.json")
POOL = 4
TOLERANCE = 1.01


def measured() -> dict[str, int]:
    """Average gas by scenario, on a pool of four."""
    with Anvil() as anvil:
        scenes = Scenes(Deployed(anvil, config(POOL), missing()), POOL)
        return {name: round(gas) for name, gas in scenes.short().items()}


@pytest.mark.needs("anvil")
@pytest.mark.timeout(90)
def test_gas__stays_within_one_per_cent_of_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text())

    now = measured()

    assert now.keys() == golden.keys()
    risen = {
        name: f"{golden[name]:,} -> {gas:,}"
        for name, gas in now.items()
        if gas > TOLERANCE * golden[name]
    }
    assert not risen, "run python -m tests.contracts.golden.test_gas if this is meant to be"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(measured(), indent=1) + "\n")
