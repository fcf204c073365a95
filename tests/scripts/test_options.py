"""Which deployment a command works on, and whose key signs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from offchain.chain.deployments import BadDeployment
from offchain.chain.keys import create_keystore
from scripts._lib.options import choose_deployment, signer_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripts.conftest import World


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    (tmp_path / "deployments").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_choose_deployment__finds_the_one_on_this_chain(world: World, folder: Path) -> None:
    elsewhere = replace(world.deployment, chain_id=1)
    elsewhere.save(folder / "deployments" / "mainnet.json")
    contracts = {**world.deployment.contracts}
    contracts["Controller"] = replace(contracts["Controller"], address="0x" + "77" * 20)
    gone = replace(world.deployment, contracts=contracts)
    gone.save(folder / "deployments" / "gone.json")
    backend = world.session().backend

    found, path = choose_deployment(None, backend)

    assert found == world.deployment
    assert path.name == "test.json"


def test_choose_deployment__finds_that_of_a_running_demo(world: World, folder: Path) -> None:
    (folder / "deployments" / "test.json").unlink()
    world.deployment.save(folder / ".run" / "demo" / "deployments" / "demo.json")

    found, path = choose_deployment(None, world.session().backend)

    assert found == world.deployment
    assert path.name == "demo.json"


def test_choose_deployment__by_name_and_by_path(world: World, folder: Path) -> None:
    backend = world.session().backend

    assert choose_deployment("test", backend)[0] == world.deployment
    assert choose_deployment("deployments/test.json", backend)[0] == world.deployment


def test_choose_deployment__among_none_or_several__is_refused_in_words(
    world: World, folder: Path
) -> None:
    backend = world.session().backend
    world.deployment.save(folder / "deployments" / "twin.json")
    with pytest.raises(BadDeployment, match="several deployments are on this chain"):
        choose_deployment(None, backend)

    for path in (folder / "deployments").iterdir():
        path.unlink()
    with pytest.raises(BadDeployment, match="none of the deployments"):
        choose_deployment(None, backend)


def test_check__of_a_deployment_on_another_chain__is_refused_in_words(world: World) -> None:
    session = world.session()
    session.deployment = replace(session.deployment, chain_id=1)

    with pytest.raises(click.ClickException, match="is on chain 1, and the network answers"):
        session.check()


def test_signer_of__opens_a_keystore(tmp_path: Path) -> None:
    created = create_keystore(tmp_path / "key.json", "secret", scrypt_n=2)
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o600)

    assert signer_of(None, tmp_path / "key.json", password).address == created.address
    assert signer_of(None, None, None) is None
    with pytest.raises(click.ClickException, match="either --account or --keystore"):
        signer_of("somebody", tmp_path / "key.json", password)
    password.write_text("wrong\n")
    with pytest.raises(click.ClickException, match="wrong password"):
        signer_of(None, tmp_path / "key.json", password)
