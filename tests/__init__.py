"""Tests; a package of its own name, so that no installed one called `tests` gets in first."""
