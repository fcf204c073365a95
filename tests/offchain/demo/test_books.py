"""The books count everybody who has staked, also those the demo knows nothing of."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.chain.client import ChainClient
from offchain.chain.keys import LocalSigner
from offchain.node.demo.books import Books
from offchain.node.demo.ledger import reckon
from offchain.node.demo.people import People, Person
from offchain.node.demo.watch import ChainWatch
from offchain.web.words import short
from tests.offchain.stage import LPT, Stage, key

pytestmark = [pytest.mark.needs("anvil"), pytest.mark.timeout(60)]


def crew(stage: Stage) -> People:
    nowhere = Path("unused")
    transcoders = (Person(f"T{n}", each, nowhere) for n, each in enumerate(stage.transcoders))
    return People(
        transcoders=tuple(transcoders),
        delegator=Person("D", LocalSigner(key("delegator")), nowhere),
        broadcaster=Person("B", stage.broadcaster, nowhere),
        password_file=nowhere,
    )


async def test_strangers_bond_unbond_rebond_transfer_withdraw__adds_up(
    stage: Stage, stage_client: ChainClient
) -> None:
    contracts = stage.contracts(stage_client)
    token, bonding = contracts.LivepeerToken, contracts.BondingManager
    first, second = stage.transcoders[0].address, stage.transcoders[1].address
    strangers = [LocalSigner(key(f"stranger {n}")).address for n in range(2)]
    supply = await token.call("totalSupply")
    for stranger, transcoder in zip(strangers, (first, second), strict=True):
        stage.anvil.rpc("anvil_setBalance", stranger, hex(10**21))
        deployer = LocalSigner(key("deployer")).address
        stage.send(deployer, token, "transfer", stranger, 100 * LPT)
        stage.send(stranger, token, "approve", bonding.address, 100 * LPT)
        stage.send(stranger, bonding, "bond", 100 * LPT, transcoder)

    async def rewarded_round() -> None:
        await stage.next_round(stage_client)
        for each in (first, second):
            stage.send(each, bonding, "reward")

    nobody = "0x" + "00" * 20
    await rewarded_round()
    stage.send(strangers[0], bonding, "unbond", 40 * LPT)
    stage.send(strangers[0], bonding, "unbond", 5 * LPT)
    stage.send(strangers[0], bonding, "rebond", 1)
    await rewarded_round()
    stage.send(
        strangers[0], bonding, "transferBond", strangers[1], 10 * LPT,
        nobody, nobody, nobody, nobody,
    )  # fmt: skip
    for _ in range(await bonding.call("unbondingPeriod")):
        await rewarded_round()
    stage.send(strangers[0], bonding, "withdrawStake", 0)

    # The crew bonded before the books were opened; begin with its first block.
    watch = ChainWatch(stage_client, contracts, stage.deployment.start_block)
    await watch.catch_up()
    facts = await Books(stage_client, contracts, watch, crew(stage), supply).read()
    ledger = reckon(facts)

    assert ledger.balanced, ledger.mint.verdict("the change of total supply")
    assert 0 <= facts.minted_rounding < 1_000
    assert all(facts.minted[short(stranger)] > 0 for stranger in strangers)
    assert facts.minted["T2"] == 0 < facts.minted["T0"]
