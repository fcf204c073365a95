"""Compile every deployable contract and write what nodes, tests and scripts deploy from.

    python scripts/artifacts.py            compile what changed since the last run
    python scripts/artifacts.py --check    change nothing; fail when an artifact is stale
    ape run artifacts                      the same command

One JSON file per contract lands in offchain/chain/artifacts/. Each remembers the SHA-256 of every
source file it was compiled from, so a run with nothing changed compiles nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

# `python scripts/artifacts.py` finds its own folder on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts._lib.compiling import build


@click.command()
@click.option("--check", is_flag=True, help="Compile nothing; fail when an artifact is stale.")
@click.option("--force", is_flag=True, help="Compile everything, changed or not.")
@click.argument("contracts", nargs=-1)
def cli(check: bool, force: bool, contracts: tuple[str, ...]) -> None:
    """Compile contracts into offchain/chain/artifacts (all of them, or those named)."""
    stale = build(check=check, force=force, names=contracts)
    if check and stale:
        click.echo(f"stale: {', '.join(stale)}; run python scripts/artifacts.py", err=True)
        sys.exit(1)
    click.echo("artifacts are up to date" if not stale else f"{len(stale)} artifacts written")


if __name__ == "__main__":
    cli()
