"""Honest work and every cheat on real clips, measured; thresholds fitted; a page and a plot.

python -m bench.calibration measure --minutes 50    # resumable; stored under .cache
python -m bench.calibration report                  # thresholds, docs/calibration.md and plot
"""
