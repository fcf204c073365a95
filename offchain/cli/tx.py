"""`livepeer tx`: what a node wants done on chain, and how far it has come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from offchain.cli import options as opt
from offchain.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def tx() -> None:
    """List, explain and cancel the transactions of a node.

    Asks the node that runs on the data folder; where none runs, reads its database.

    \b
    Examples:
      livepeer tx list --data ./worker-data
      livepeer tx explain accept:7 --data ./worker-data
    """


@tx.command("list")
@opt.data_option
@click.option("--all", "everything", is_flag=True, help="Also what is final, failed or cancelled.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(data: Path, everything: bool, as_json: bool) -> None:
    """List the transactions that are not final yet."""
    found = run(_ask(data, "tx.list", everything=everything))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("Nothing is open." if not everything else "This node has sent nothing yet.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("purpose", "state", "nonce", "block", "reason", box=None, pad_edge=False)
    for row in found:
        numbers = ["" if row[key] is None else str(row[key]) for key in ("nonce", "block")]
        table.add_row(row["purpose"], row["state"], *numbers, row["reason"] or "")
    Console().print(table)


@tx.command()
@click.argument("purpose")
@opt.data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
def explain(purpose: str, data: Path, as_json: bool) -> None:
    """Say what has become of the transaction for PURPOSE, and what it waits for."""
    found = run(_ask(data, "tx.explain", purpose=purpose))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{found['purpose']}: {found['words']}")
    for attempt in found["attempts"]:
        kind = "cancels it" if attempt["cancels"] else "does it"
        sent = "handed in" if attempt["sent"] else "not handed in"
        click.echo(f"  {attempt['hash']}  {kind}, at most {attempt['maxFee']} wei a gas, {sent}")


@tx.command()
@click.argument("purpose")
@opt.data_option
def cancel(purpose: str, data: Path) -> None:
    """Withdraw the transaction for PURPOSE, if it is not in a block yet."""
    found = run(_ask(data, "tx.cancel", purpose=purpose))
    if found["state"] == "CANCELLED":
        click.echo(f"{purpose} is cancelled; it was never sent.")
    else:
        click.echo(f"{purpose} is being replaced by an empty transaction; the first mined decides.")


async def _ask(data: Path, call: str, **arguments: Any) -> Any:
    from offchain.node import intents
    from offchain.node.control import NoNode, ask
    from offchain.store import Database

    try:
        return await ask(data, call, **arguments)
    except NoNode:
        if not (data / "node.db").is_file():
            raise
    async with Database(data / "node.db") as db:
        if call == "tx.list":
            return await intents.list_intents(db, everything=arguments["everything"])
        if call == "tx.explain":
            return await intents.explain_intent(db, arguments["purpose"])
        return await intents.cancel_unsent(db, arguments["purpose"])
