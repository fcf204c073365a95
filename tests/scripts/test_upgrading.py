"""Upgrades: state kept, shuffled storage refused, notice kept, and the way back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from offchain.chain.deployments import Deployment
from scripts._lib import compiling, upgrading
from tests.scripts.conftest import World

CONTRACT = "ServiceRegistry"
STORAGE = "_service_uris: HashMap[address, String[512]]\n"
APPENDED = STORAGE + "\ncount: public(uint256)\n"
SHUFFLED = "count: public(uint256)\n\n" + STORAGE


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the contracts to work on."""
    folder = tmp_path / "contracts"
    shutil.copytree(compiling.CONTRACTS, folder)
    return folder


@pytest.fixture
def user(world: World) -> str:
    """Someone with state in the contract that is upgraded."""
    account = world.chain.account("user")
    session = world.session(account)
    session.send("register", CONTRACT, "setServiceURI", "https://node")
    return account


def edit(sources: Path, old: str, new: str) -> None:
    """Change the contract's source."""
    path = sources / "registry" / f"{CONTRACT}.vy"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def upgrade(world: World, sources: Path, delay: int) -> None:
    """What `ape run upgrade` does, from other sources."""
    session = world.session(world.governance)
    compiled = upgrading.compile_now(CONTRACT, sources)
    upgrading.refuse_other_layouts(session, CONTRACT, compiled)
    upgrading.stage(session, CONTRACT, compiled, delay)


def execute(world: World, sources: Path) -> None:
    """What `--execute` does, from other sources."""
    session = world.session(world.governance)
    upgrading.execute(session, CONTRACT, rollback=False, folder=sources)


def test_upgrade__after_its_notice__keeps_the_state_and_rolls_back(
    world: World, sources: Path, user: str
) -> None:
    edit(sources, STORAGE, APPENDED)
    before = world.deployment.address(f"{CONTRACT}Target")
    upgrade(world, sources, 10)
    with pytest.raises(click.ClickException, match="may be executed from block"):
        execute(world, sources)
    world.chain.mine(10)

    execute(world, sources)

    assert world.path is not None
    saved = Deployment.load(world.path)
    assert saved.address(f"{CONTRACT}Target") != before
    assert saved.contracts[CONTRACT].layout[-1].name == "count"
    assert world.session().read(CONTRACT, "getServiceURI", user) == "https://node"

    world.deployment = saved
    upgrading.roll_back(world.session(world.governance), CONTRACT, 0)

    assert Deployment.load(world.path).address(f"{CONTRACT}Target") == before
    assert world.session().read(CONTRACT, "getServiceURI", user) == "https://node"


def test_upgrade__with_shuffled_storage__is_refused_with_the_diff(
    world: World, sources: Path
) -> None:
    edit(sources, STORAGE, SHUFFLED)

    with pytest.raises(click.ClickException) as refused:
        upgrade(world, sources, 0)

    told = refused.value.message
    assert "- slot 2: _service_uris: HashMap[address, String[512]]" in told
    assert "+ slot 2: count: uint256" in told


def test_upgrade__with_a_field_changed_inside_a_mapping__is_refused(
    world: World, sources: Path
) -> None:
    struct = "struct Entry:\n    uri: String[512]\n    since: uint256\n\n\n# Part of every"
    edit(sources, "# Part of every", struct)
    edit(sources, STORAGE, "_service_uris: HashMap[address, Entry]\n")
    edit(sources, "self._service_uris[msg.sender] =", "self._service_uris[msg.sender].uri =")
    edit(sources, "return self._service_uris[_addr]", "return self._service_uris[_addr].uri")

    with pytest.raises(click.ClickException, match=r"Entry\(uri: String\[512\], since: uint256\)"):
        upgrade(world, sources, 0)


def test_upgrade__in_a_dry_run__changes_nothing(
    world: World, sources: Path, said: Callable[[], str]
) -> None:
    edit(sources, STORAGE, APPENDED)
    session = world.session(world.governance, dry_run=True)
    compiled = upgrading.compile_now(CONTRACT, sources)
    said()

    upgrading.refuse_other_layouts(session, CONTRACT, compiled)
    upgrading.stage(session, CONTRACT, compiled, 10)

    told = said()
    assert "+ slot 3: count: uint256" in told
    assert "Would deploy the new ServiceRegistryTarget" in told
    assert not session.events("Governor", "UpdateStaged")


def test_upgrade__to_the_code_that_runs__is_refused_in_words(world: World, sources: Path) -> None:
    with pytest.raises(click.ClickException, match="is what its sources make"):
        upgrade(world, sources, 0)


def test_upgrade__of_sources_that_do_not_compile__says_where(world: World, sources: Path) -> None:
    edit(sources, STORAGE, "_service_uris: nonsense\n")

    with pytest.raises(click.ClickException, match="does not compile"):
        upgrade(world, sources, 0)


def test_execute__with_other_sources_than_were_staged__is_refused(
    world: World, sources: Path
) -> None:
    edit(sources, STORAGE, APPENDED)
    upgrade(world, sources, 1)
    world.chain.mine(1)
    edit(sources, "count: public", "number: public")

    with pytest.raises(click.ClickException, match="not what these sources make"):
        execute(world, sources)


@pytest.mark.parametrize("contract", ["Minter", "Nonsense"])
def test_upgrade__of_what_has_no_proxy__is_refused_in_words(contract: str) -> None:
    with pytest.raises(click.ClickException, match="not behind a proxy"):
        upgrading.compile_now(contract)


def test_roll_back__of_what_was_never_upgraded__is_refused_in_words(world: World) -> None:
    with pytest.raises(click.ClickException, match="never been upgraded"):
        upgrading.roll_back(world.session(world.governance), CONTRACT, 0)


def test_upgrade__by_a_stranger__is_refused_in_words(world: World, sources: Path) -> None:
    edit(sources, STORAGE, APPENDED)
    session = world.session(world.chain.account("stranger"))
    compiled = upgrading.compile_now(CONTRACT, sources)

    with pytest.raises(click.ClickException, match="may stage updates"):
        upgrading.stage(session, CONTRACT, compiled, 0)
