"""A slash is read as it happened: exactly its fraction, no delegator's stake, every LPT placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offchain.chain.keys import LocalSigner
from offchain.node.demo.books import Books
from offchain.node.demo.justice import Justice
from offchain.node.demo.ledger import reckon
from offchain.node.demo.watch import ChainWatch
from offchain.proof.merkle import MerkleTree
from offchain.proof.typed import Domain
from tests.offchain.demo.test_books import crew
from tests.offchain.node import leaves
from tests.offchain.stage import LPT, SEGMENT_PIXELS, Stage, key

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient

pytestmark = [pytest.mark.needs("anvil"), pytest.mark.timeout(60)]


async def test_double_claim_with_a_delegator_behind__finder_and_fire_share_what_the_cheat_loses(
    stage: Stage, stage_client: ChainClient
) -> None:
    contracts = stage.contracts(stage_client)
    token, bonding, jobs = (
        contracts.LivepeerToken,
        contracts.BondingManager,
        contracts.JobsManager,
    )
    cheat, people = stage.transcoders[0].address, crew(stage)
    supply = await token.call("totalSupply")
    faithful = people.delegator.address
    stage.anvil.rpc("anvil_setBalance", faithful, hex(10**21))
    stage.send(LocalSigner(key("deployer")).address, token, "transfer", faithful, 70 * LPT)
    stage.send(faithful, token, "approve", bonding.address, 70 * LPT)
    stage.send(faithful, bonding, "bond", 70 * LPT, cheat)
    await stage.next_round(stage_client)
    stage.send(cheat, bonding, "reward")
    domain = Domain(stage_client.chain_id, jobs.address)
    for _ in range(2):  # the conviction for the second claim voids the first
        job = await stage.job_for(stage_client, cheat)
        stage.send(cheat, jobs, "acceptJob", job)
        rows = [
            leaves.receipt(domain, job, sequence, stage.broadcaster.private_key, SEGMENT_PIXELS)
            for sequence in (0, 1, 1, 5)
        ]
        tree = MerkleTree([row.leaf for row in rows])
        fee = await jobs.call("verificationFee", job, len(rows))
        stage.send(cheat, jobs, "claimWork", job, 0, 5, len(rows), tree.root, value=fee)
    first, second = (
        {
            "index": index,
            "sequence": rows[index].sequence,
            "durationMs": rows[index].duration_ms,
            "dataHash": rows[index].data_hash,
            "renditionRoot": rows[index].rendition_root,
            "pixels": rows[index].pixels,
            "broadcasterSigHash": leaves.signature_hash(rows[index]),
        }
        for index in (1, 2)
    )
    proof = tree.multiproof([1, 2])
    before = await bonding.call("slashableStake", cheat)
    stage.send(
        stage.broadcaster.address, jobs, "doubleClaimSegmentSlash", job, 0, first, second, proof
    )
    stage.send(stage.broadcaster.address, jobs, "settle", job - 1, 0)

    watch = ChainWatch(stage_client, contracts, stage.deployment.start_block)
    await watch.catch_up()
    justice = Justice(contracts, watch, people)
    await justice.look()
    await justice.look()
    ledger = reckon(await Books(stage_client, contracts, watch, people, supply).read())

    (slash,) = justice.slashes
    parameters = await jobs.call("parametersOf", 1)
    assert (slash.who, slash.why, slash.job) == ("T0", "for claiming a segment twice", job)
    assert (slash.fraction, slash.own_stake) == (parameters["doubleClaimSlash"], before)
    assert slash.exact and slash.taken == before * slash.fraction // 10**6
    kept, kept_after = slash.delegators["D"]
    assert kept == kept_after >= 70 * LPT
    assert (slash.finder, slash.finder_reward) == ("B", slash.taken * 500_000 // 10**6)
    assert justice.convicts == {cheat} and justice.fines() == []
    assert ledger.balanced
    assert {(row.who, row.amount) for row in ledger.taken.rows if row.amount} == {
        ("B", slash.finder_reward),
        ("nobody", slash.taken - slash.finder_reward),
    }
