"""`python -m bench [AREA ...]`: measures the areas named, or all of them."""

from __future__ import annotations

import argparse
import importlib
import sys

from bench import report

AREAS = ("gas", "gas_jobs", "merkle", "verify")
"""Modules of this package with a function `measure()` that ends in `report.write`."""


def main() -> int:
    """Measures, and says where the results are."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("areas", nargs="*", choices=[[], *AREAS], help=", ".join(AREAS))
    for area in parser.parse_args().areas or AREAS:
        print(f"measuring {area} ...", flush=True)
        importlib.import_module(f"bench.{area}").measure()
    report.draw()
    print(f"results are in {report.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
