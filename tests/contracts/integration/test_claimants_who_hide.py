"""Claimants who will not show what was drawn: silence costs more than the truth would."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.harness import reverts
from tests.contracts.integration.cast import Stage, on_a_real_chain_too
from tests.contracts.integration.endings import caught_by_the_watcher
from tests.contracts.integration.forgeries import (
    compact,
    made_up_at,
    mirrored,
    padded_with_inner_nodes,
    signed_otherwise,
)


@on_a_real_chain_too
def test_never_opens__is_slashed_for_silence(stage: Stage) -> None:
    """The worker claims ten segments, sees which two are drawn, and says nothing."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        with reverts("nothing was missed"):
            stage.watcher.reports_silence(claim)
        claim.wait_past("openBy")
        with reverts("open window has passed"):
            stage.worker.opens(claim)
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)


def test_never_proves_its_seed__is_slashed_for_silence(stage: Stage) -> None:
    """The worker waits for a seed that would draw its good leaves. A proof that comes late counts
    no more than none."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        with reverts("seed can still be proven"):
            stage.watcher.reports_silence(claim)
        claim.wait_past("seedBy")
        claim.seed_is_proven()
        with reverts("seed is not proven in time"):
            stage.worker.opens(claim)
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)


def test_opens_the_wrong_leaf__is_slashed_for_the_right_one(stage: Stage) -> None:
    """Of ten claimed segments the worker has done nine. The one it made up is drawn: it shows a
    good one instead, then a good one in the bad one's place, then the bad one with its own
    signature. Nothing passes."""
    worker, made_up, good = stage.worker, 7, 2
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        work = made_up_at(made_up, job)
        claim = worker.claims(job, work)
        claim.seed_draws(made_up)
        assert good not in claim.drawn

        with reverts("leaf is not owed"):
            worker.tries_to_open(claim, work.opening(good), work.tree.multiproof([good]))
        with reverts("proof does not lead to the claim's root"):
            in_its_place = work.opening(good) | {"index": made_up}
            worker.tries_to_open(claim, in_its_place, work.tree.multiproof([made_up]))
        with reverts("segment is not signed by the broadcaster"):
            worker.tries_to_open(claim, work.opening(made_up), work.tree.multiproof([made_up]))
        claim.wait_past("openBy")
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)


def test_inner_nodes_as_leaves__is_slashed_for_what_it_cannot_open(stage: Stage) -> None:
    """Four segments done, eight claimed: the other four leaves of the tree are inner nodes over the
    first four. The draw falls on such a node, and no receipt hashes to it."""
    worker, inner = stage.worker, 4
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        done = stage.market.work(job.id, 4)
        padded = padded_with_inner_nodes(done, job)
        claim = worker.claims(job, padded)
        claim.seed_draws(inner)

        below = done.opening(0) | {"index": inner}
        whole = padded.tree.multiproof([inner])
        with reverts("proof does not lead to the claim's root"):
            worker.tries_to_open(claim, below, whole)
        with reverts("proof too long"):
            down_to_its_child = [done.tree.leaves[1], *whole]
            worker.tries_to_open(claim, below, down_to_its_child)
        claim.wait_past("openBy")
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)


@pytest.mark.parametrize(
    ("otherwise", "reason"),
    [(mirrored, "signature s too high"), (compact, "signature must be 65 bytes")],
)
def test_second_signature_from_the_first__opens_nothing(
    stage: Stage, otherwise: Callable[[bytes], bytes], reason: str
) -> None:
    """From each signature of the broadcaster anyone can make another over the same segment: the
    mirrored one with a high s, or the compact one of 64 bytes. The worker puts leaves with those
    into its tree; each message has one signature that counts, and these are not it."""
    worker = stage.worker
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        work = stage.market.work(job.id, 10)
        twins = signed_otherwise(work, otherwise)
        claim = worker.claims(job, twins)
        claim.seed_is_proven()

        with reverts(reason):
            worker.opens(claim)
        with reverts("proof does not lead to the claim's root"):
            leaf = claim.drawn[0]
            worker.tries_to_open(claim, work.opening(leaf), twins.tree.multiproof([leaf]))
        claim.wait_past("openBy")
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)
