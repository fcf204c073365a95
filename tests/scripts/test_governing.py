"""Parameters and the pause: by the Governor, with notice, by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from scripts._lib import parameters
from tests.scripts.conftest import World

NAMES = [each.full_name for each in parameters.all_parameters()]


def value_of(world: World, name: str) -> int:
    """A parameter's value now."""
    return parameters.read(world.session(), parameters.find(name))


def test_params__lists_every_parameter_with_its_unit(world: World, said: Callable[[], str]) -> None:
    said()

    world.run("params", "", None, None, None, False)

    told = said()
    assert len(NAMES) > 25
    assert all(name in told for name in NAMES)
    assert "50 blocks" in told
    assert "0.05 %" not in told.split("targetBondingRate")[1].splitlines()[0]


def test_params__changes_after_its_notice(world: World) -> None:
    world.run("params", world.governance, "roundLength", "60", 10, False)
    assert value_of(world, "roundLength") == 50
    with pytest.raises(click.ClickException, match="may be executed from block"):
        world.run("params", world.governance, "roundLength", None, None, True)
    world.chain.mine(10)

    world.run("params", world.governance, "roundLength", None, None, True)

    assert value_of(world, "roundLength") == 60
    with pytest.raises(click.ClickException, match="is staged"):
        world.run("params", world.governance, "roundLength", None, None, True)


def test_params__in_a_dry_run__changes_nothing(world: World) -> None:
    world.run("params", world.governance, "roundLength", "60", 0, False, dry_run=True)

    assert value_of(world, "roundLength") == 50


@pytest.mark.parametrize("contract", parameters.STRUCTS)
def test_params__of_a_struct__changes_one_field_alone(world: World, contract: str) -> None:
    before = {name: value_of(world, name) for name in NAMES}
    name = f"{contract}.seatPay"

    world.run("params", world.governance, name, "0.0001", 0, False)

    after = {each: value_of(world, each) for each in NAMES}
    assert after == {**before, name: 10**14}


def test_params__of_packed_fields__are_words_in_hexadecimal(world: World) -> None:
    world.run("params", world.governance, "deadBand", "0x" + "00" * 28 + "000000ff", 0, False)

    assert value_of(world, "deadBand") == 255
    with pytest.raises(click.ClickException, match="no word of 32 bytes"):
        world.run("params", world.governance, "deadBand", "1.5", 0, False)


def test_params__of_a_name_unknown_or_ambiguous__is_refused_in_words(world: World) -> None:
    with pytest.raises(click.ClickException, match="no parameter nonsense"):
        world.run("params", world.governance, "nonsense", "1", 0, False)
    with pytest.raises(click.ClickException, match=r"JobsManager\.seatPay or Verifier"):
        world.run("params", world.governance, "seatPay", "1", 0, False)
    with pytest.raises(click.ClickException, match="no value"):
        world.run("params", world.governance, "roundLength", "soon", 0, False)


def test_params__refused_by_the_contract__says_why(world: World) -> None:
    with pytest.raises(click.ClickException, match="round length cannot be 0"):
        world.run("params", world.governance, "roundLength", "0", 0, False)


def test_changes__by_a_stranger__are_refused_in_words(world: World) -> None:
    stranger = world.chain.account("stranger")

    for command, args in (("pause", ()), ("params", ("roundLength", "60", 0, False))):
        with pytest.raises(click.ClickException, match="may stage updates"):
            world.run(command, stranger, *args)


def test_changes__without_an_account__are_refused_in_words(world: World) -> None:
    with pytest.raises(click.ClickException, match="needs an account"):
        world.run("params", "", "roundLength", "60", 0, False)


def test_pause_and_unpause__take_effect_at_once(world: World) -> None:
    session = world.run("pause", world.governance)
    assert session.read("Controller", "paused")

    world.run("unpause", world.governance)

    assert not session.read("Controller", "paused")
