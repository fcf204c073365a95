"""pause, unpause and the blocks they cost nobody."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Chain, Protocol, reverts


def test_constructor__starts_paused_and_owned_by_the_deployer(chain: Chain, stranger: str) -> None:
    controller = chain.deploy("Controller", sender=stranger)

    assert controller.paused()
    assert controller.owner() == stranger


def test_pause__stops_the_system_and_emits_pause(protocol: Protocol, owner: str) -> None:
    controller = protocol.Controller

    receipt = controller.pause(sender=owner)

    assert controller.paused()
    assert [event.name for event in receipt.events] == ["Pause"]


def test_pause__by_a_stranger__reverts(protocol: Protocol, stranger: str) -> None:
    with reverts("caller must be owner"):
        protocol.Controller.pause(sender=stranger)


def test_pause__while_paused__reverts(protocol: Protocol, owner: str) -> None:
    protocol.Controller.pause(sender=owner)

    with reverts("system is paused"):
        protocol.Controller.pause(sender=owner)


def test_unpause__starts_the_system_and_emits_unpause(protocol: Protocol, owner: str) -> None:
    protocol.Controller.pause(sender=owner)

    receipt = protocol.Controller.unpause(sender=owner)

    assert not protocol.Controller.paused()
    assert [event.name for event in receipt.events] == ["Unpause"]


def test_unpause__by_a_stranger__reverts(protocol: Protocol, owner: str, stranger: str) -> None:
    protocol.Controller.pause(sender=owner)

    with reverts("caller must be owner"):
        protocol.Controller.unpause(sender=stranger)


def test_unpause__while_running__reverts(protocol: Protocol, owner: str) -> None:
    with reverts("system is not paused"):
        protocol.Controller.unpause(sender=owner)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8), st.booleans())
def test_paused_blocks__sums_every_pause_and_the_running_one(
    protocol: Protocol, owner: str, spans: list[tuple[int, int]], ends_paused: bool
) -> None:
    controller, chain = protocol.Controller, protocol.chain
    with chain.isolate():
        expected = controller.pausedBlocks()

        for index, (running, paused) in enumerate(spans):
            chain.mine(running)
            assert controller.pausedBlocks() == expected
            controller.pause(sender=owner)
            chain.mine(paused)
            expected += paused
            assert controller.pausedBlocks() == expected
            if index < len(spans) - 1 or not ends_paused:
                controller.unpause(sender=owner)

        assert controller.pausedBlocks() == expected
