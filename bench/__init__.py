"""Benchmarks: `python -m bench` measures, and writes `results.json` and `RESULTS.md`."""
