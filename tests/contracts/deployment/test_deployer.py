"""The same plan over JSON-RPC, on anvil, with blocks on demand and with a block a second."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.chain.client import ChainClient
from offchain.chain.deployer import DeploymentFailed, deploy
from offchain.chain.deployment import development
from offchain.chain.errors import ChainError
from offchain.chain.keys import LocalSigner
from tests.conftest import find_anvil

pytestmark = pytest.mark.needs("anvil")
# The first account of the mnemonic every development chain starts with.
KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@asynccontextmanager
async def anvil(*options: str) -> AsyncIterator[ChainClient]:
    """A chain of its own, and a client of it."""
    program, port = find_anvil(), free_port()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program, "--port", str(port), "--silent", *options
    )
    try:
        async with ChainClient([f"http://127.0.0.1:{port}"]) as client:
            await _answers(client)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _answers(client: ChainClient) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                await client.block_number()
                return
            except ChainError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("options", [(), ("--block-time", "1")], ids=["on demand", "1 s"])
async def test_deploy__ends_with_the_code_that_was_planned(options: tuple[str, ...]) -> None:
    async with anvil(*options) as client:
        deployment = await deploy(client, LocalSigner(KEY), development(), "test")

        assert deployment.chain_id == 31_337
        assert deployment.start_block <= await client.block_number()
        for name, deployed in deployment.contracts.items():
            assert keccak(await client.code(deployed.address)) == deployed.code_hash, name


async def test_deploy__with_a_parameter_refused__names_step_and_reason() -> None:
    config = replace(development(), round_lock_amount=2_000_000)

    async with anvil() as client:
        with pytest.raises(
            DeploymentFailed,
            match=r"RoundsManager\.setRoundLockAmount failed: .*must be a valid percentage",
        ):
            await deploy(client, LocalSigner(KEY), config)


async def test_deploy__from_an_account_without_eth__says_so() -> None:
    async with anvil() as client:
        with pytest.raises(DeploymentFailed, match=r"creating Controller was not accepted: .*und"):
            await deploy(client, LocalSigner(keccak(text="nobody")), development())
