"""ape run params: what governance has set, and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import governing, parameters
from scripts._lib.options import sending_or_reading
from scripts._lib.tables import show

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending_or_reading
@click.argument("name", required=False)
@click.argument("value", required=False)
@click.option("--delay", type=click.IntRange(min=0), help="Blocks of notice.")
@click.option("--execute", is_flag=True, help="Execute the change of NAME staged before.")
def cli(
    session: Session, name: str | None, value: str | None, delay: int | None, execute: bool
) -> None:
    """List every parameter, or stage a change: ape run params roundLength 100.

    VALUE is in the unit that the list shows, without the unit. Once the notice is over, run
    `ape run params NAME --execute`.
    """
    if name is None:
        show_all(session)
        return
    parameter = parameters.find(name)
    if execute:
        execute_change(session, parameter)
        return
    now = parameters.read(session, parameter)
    if value is None:
        click.echo(f"{parameter.full_name} is {parameter.unit.show(now)}")
        return
    wanted = parameter.unit.parse(value)
    what = (
        f"change {parameter.full_name} from {parameter.unit.show(now)} "
        f"to {parameter.unit.show(wanted)}"
    )
    notice = governing.default_delay(session.deployment) if delay is None else delay
    change = parameters.change(session, parameter, wanted)
    waiting = governing.propose(session, what, [change], delay=notice)
    if waiting is not None and not session.dry_run:
        click.echo(f"Once the notice is over: ape run params {name} --execute")


def show_all(session: Session) -> None:
    """The table of all parameters, and what waits to be executed."""
    rows = [
        (each.full_name, each.unit.show(parameters.read(session, each)))
        for each in parameters.all_parameters()
    ]
    show(f"Parameters of {session.deployment.name}", rows)
    for update, ready in governing.staged(session):
        calls = len(update["target"])
        click.echo(f"An update of {calls} calls is staged; it may be executed from block {ready}.")


def execute_change(session: Session, parameter: parameters.Parameter) -> None:
    """Execute the staged change of a parameter."""
    contract = session.contract(parameter.contract)
    function = "setParameters" if parameter.field else parameter.setter
    example = parameters.change(session, parameter, 0)[2]
    selector = contract.encode(function, *example)[:4]
    found = governing.staged_for(session, [(contract.address, selector)])
    if not found:
        raise click.ClickException(f"no change of {parameter.full_name} is staged")
    update, ready = found[-1]
    governing.execute(session, f"change {parameter.full_name}", update, ready)
    now = parameters.read(session, parameter)
    if not session.dry_run:
        click.echo(f"{parameter.full_name} is {parameter.unit.show(now)} now")
