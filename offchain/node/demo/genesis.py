"""Sets the stage on a fresh chain: contracts, coins, stakes and the first rounds."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offchain.chain.contracts import Contracts
from offchain.chain.deployer import deploy
from offchain.chain.deployment import development
from offchain.chain.keys import LocalSigner
from offchain.node.demo.wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.chain.deployment import ProtocolConfig
    from offchain.chain.deployments import Deployment
    from offchain.node.demo.anvil import Anvil
    from offchain.node.demo.people import People

LPT = 10**18
ETHER = 10**18
EVERYONE_ETH = 100 * ETHER
# Stakes differ so that a draw by stake can be seen at work.
STAKES = tuple(lpt * LPT for lpt in (5_000, 4_000, 3_500, 3_000, 2_500, 2_000))
DELEGATED = 2_000 * LPT
REWARD_CUT = 100_000  # the transcoder keeps 10 % of its rewards, in parts per million
FEE_SHARE = 500_000  # and passes 50 % of its fees on to its delegators
# Wei for this many pixels of output: about 0.0001 ETH for two seconds of a small ladder, so that
# amounts are legible on the page. Real networks pay a hundred-thousandth of it.
PRICE = (20_000_000_000, 1_000)
MOST_DRAWS = 64
# A committee is drawn from the snapshot of the round before the claim's, so two rounds must have
# begun with everybody in them.
ROUNDS_TO_BEGIN = 2


# The first account of every anvil and of ape's test accounts: `ape run params --account TEST::0`.
GOVERNANCE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the nodes and the books need to know of the chain."""

    deployment: Deployment
    network_file: Path
    contracts: Contracts
    supply_before: int
    start_block: int


def protocol(draw_every: int) -> ProtocolConfig:
    """The development preset with the shortest waits, so that one sitting shows a whole claim.

    A vote is over as soon as everybody has voted: its windows are long for machines that are slow.
    """
    preset = development()
    return replace(
        preset,
        governor_owner=GOVERNANCE,
        jobs=replace(
            preset.jobs,
            verification_rate=draw_every,
            max_samples=MOST_DRAWS,
            seed_delay=2,
            election_delay=2,
            challenge_window=6,
            accept_window=40,
            verdict_window=180,
        ),
        committee=replace(
            preset.committee, commit_window=30, reveal_window=10, appeal_window=6, seat_delay=2
        ),
    )


async def set_stage(
    chain: Anvil, client: ChainClient, people: People, file: Path, draw_every: int
) -> Stage:
    """Deploys, funds, bonds and begins the first rounds; writes the deployment to `file`."""
    deployer = LocalSigner(secrets.token_bytes(32))
    await asyncio.gather(
        *(
            chain.rpc("anvil_setBalance", address, hex(EVERYONE_ETH))
            for address in (deployer.address, *people.names)
        )
    )
    deployment = await deploy(client, deployer, protocol(draw_every), "demo")
    deployment.save(file)
    contracts = Contracts(client, deployment)
    await _fund(Wallet(client, deployer), contracts, people)
    # What is deployed says little to a viewer; the story begins when people join.
    start_block = await chain.block_number()
    rounds = Wallet(client, deployer)
    await _begin_round(chain, rounds, contracts)
    await asyncio.gather(*_bond(client, contracts, people))
    for _ in range(ROUNDS_TO_BEGIN):
        await _begin_round(chain, rounds, contracts)
    return Stage(
        deployment=deployment,
        network_file=file,
        contracts=contracts,
        supply_before=await contracts.LivepeerToken.call("totalSupply"),
        start_block=start_block,
    )


async def _fund(wallet: Wallet, contracts: Contracts, people: People) -> None:
    token = contracts.LivepeerToken
    for person, stake in zip(people.transcoders, STAKES, strict=True):
        await wallet.send(token, "transfer", person.address, stake)
    await wallet.send(token, "transfer", people.delegator.address, DELEGATED)


def _bond(
    client: ChainClient, contracts: Contracts, people: People
) -> Iterator[Coroutine[None, None, None]]:
    manager, token = contracts.BondingManager, contracts.LivepeerToken

    async def join(wallet: Wallet, stake: int, behind: str) -> None:
        await wallet.send(token, "approve", manager.address, stake)
        await wallet.send(manager, "bond", stake, behind)

    async def transcoder(index: int) -> None:
        person = people.transcoders[index]
        wallet = Wallet(client, person.signer)
        await join(wallet, STAKES[index], person.address)
        await wallet.send(manager, "transcoder", REWARD_CUT, FEE_SHARE)
        await wallet.send(contracts.JobsManager, "setTranscoderPrice", *PRICE)

    yield from (transcoder(index) for index in range(len(people.transcoders)))
    favourite = people.transcoders[0].address
    yield join(Wallet(client, people.delegator.signer), DELEGATED, favourite)


async def _begin_round(chain: Anvil, wallet: Wallet, contracts: Contracts) -> None:
    """Lets the rest of the round pass and initialises the next, with all of it still to come."""
    rounds = contracts.RoundsManager
    length = await rounds.call("roundLength")
    begins = await rounds.call("currentRoundStartBlock")
    await chain.mine(begins + length - await chain.block_number())
    await wallet.send(rounds, "initializeRound")
