"""`python -m bench.calibration measure|exact|report`."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Measures for a while, compares surroundings, or reports on what has been measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("what", choices=["measure", "exact", "report"])
    parser.add_argument("--cases", type=int, help="segments to measure (about 110 cases each)")
    parser.add_argument("--minutes", type=float, help="stop after so many")
    options = parser.parse_args()
    if options.what == "measure":
        from bench.calibration import cases

        cases.measure(options.cases, options.minutes)
    elif options.what == "exact":
        from bench.calibration import machines

        machines.write()
    else:
        from bench.calibration import report

        report.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
