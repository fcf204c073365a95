"""What a transcoder refuses, and that asking twice gets the same answer: one running worker."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from offchain.media.profiles import QualityContract, ladder_for
from offchain.media.segmenter import Segmenter
from offchain.media.segments import SourceSegment
from offchain.net import wire
from offchain.net.client import PeerRefused, SegmentRequest, TranscoderClient, new_session
from offchain.net.reach import ANYWHERE
from offchain.node import worker
from offchain.node.answers import BadAnswer, check_answer, signed_request
from offchain.node.base import Node, open_node
from offchain.node.config import Price
from offchain.node.errors import BadSetup
from offchain.node.jobbook import KnownJob
from offchain.node.orders import Hiring, NoOffer, Order
from offchain.proof.hashes import data_hash
from offchain.proof.signatures import sign
from offchain.proof.typed import Lease, Segment

pytestmark = pytest.mark.needs("anvil")

STRANGER = b"\x42" * 32


@dataclass
class Set:
    """A worker that has accepted a job of ours, and what is needed to speak to it."""

    client: TranscoderClient
    node: Node
    url: str
    job: KnownJob
    source: list[SourceSegment]
    hiring: Hiring

    @property
    def key(self) -> bytes:
        return self.node.signer.private_key

    def request(self, source: SourceSegment, **changes: Any) -> SegmentRequest:
        return replace(signed_request(self.job, source, self.node.domain, self.key), **changes)

    async def send(self, request: SegmentRequest) -> Any:
        contract = self.job.contract
        assert contract is not None
        return await self.client.submit(self.url, request, len(contract.rungs), 10.0)

    async def refused(self, request: SegmentRequest) -> tuple[int, str]:
        with pytest.raises(PeerRefused) as caught:
            await self.send(request)
        return caught.value.status, caught.value.error

    def lease(self, key: bytes | None = None, **changes: Any) -> wire.SignedLease:
        fields: dict[str, Any] = {
            "job_id": self.job.job_id,
            "sequence": 0,
            "max_bytes": 1 << 20,
            "deadline": int(time.time()) + 60,
        }
        lease = Lease(**{**fields, **changes})
        return wire.SignedLease(lease, sign(lease.digest(self.node.domain), key or self.key))

    def segment(
        self, data: bytes, key: bytes | None = None, **changes: Any
    ) -> tuple[tuple[bytes], wire.SignedSegment]:
        fields: dict[str, Any] = {
            "job_id": self.job.job_id,
            "sequence": 0,
            "duration_ms": 1000,
            "data_hash": data_hash([data]),
        }
        segment = Segment(**{**fields, **changes})
        signature = sign(segment.digest(self.node.domain), key or self.key)
        return (data,), wire.SignedSegment(segment, signature)


@pytest.fixture
async def stand(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> AsyncIterator[Set]:
    """Nothing mines but transactions here, so the job's windows stand still."""
    data = tmp_path / "worker"
    settings = network.worker("main", data, claim_every=1000, price=Price(5, 1))
    source = Segmenter(clip, segment_ms=1000)
    contract = QualityContract(ladder_for(96, 64, source.fps, most=2), segment_ms=1000)
    order = Order("desk", contract, Price(5, 1), 96 * 64 * 30, 20)
    (tmp_path / "us").mkdir()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(worker.serve(settings))
        url = (await node_facts(data))["url"]
        async with (
            new_session(ANYWHERE) as session,
            open_node(network.chain, network.key(next(network.unused)), tmp_path / "us") as node,
        ):
            client = TranscoderClient(session)
            hiring = Hiring(node, client, order)
            (candidate,) = await hiring.named([network.keys["main"].address])
            job = await hiring.hire(candidate)
            yield Set(client, node, url, job, list(source), hiring)
        running.cancel()


async def test_honest_segments_are_answered_and_asked_again_get_the_same(stand: Set) -> None:
    request = stand.request(stand.source[0])

    first, again = await stand.send(request), await stand.send(request)

    checked = check_answer(first, request, stand.job, stand.node.domain)
    assert first == again
    assert checked.receipt.pixels > 0
    with pytest.raises(BadAnswer, match="another segment"):
        other = stand.request(stand.source[1])
        check_answer(first, other, stand.job, stand.node.domain)


async def test_same_segment_sent_twice_at_once_is_worked_on_once(stand: Set) -> None:
    request = stand.request(stand.source[2])

    one, two = await asyncio.gather(stand.send(request), stand.send(request))

    assert one == two


async def test_strangers_and_broken_promises_are_refused(stand: Set) -> None:
    """Every refusal in one go, so that one worker serves for all: status, word, for what."""
    source = stand.source[1]
    parts, segment = stand.segment(source.data)
    now = int(time.time())
    lease = stand.lease()
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    cases: list[tuple[tuple[int, str], wire.SignedLease, tuple[Any, Any]]] = [
        ((503, "unknown_job"), stand.lease(job_id=999), stand.segment(b"x", job_id=999)),
        ((403, "bad_signature"), stand.lease(STRANGER), (parts, segment)),
        ((403, "bad_signature"), replace(lease, signature=bytes(65)), (parts, segment)),
        ((403, "bad_signature"), lease, stand.segment(source.data, STRANGER)),
        ((403, "bad_lease"), stand.lease(deadline=now - 5), (parts, segment)),
        ((403, "bad_lease"), stand.lease(deadline=now + 99_999), (parts, segment)),
        ((413, "too_large"), stand.lease(max_bytes=1 << 40), (parts, segment)),
        ((400, "bad_request"), lease, (parts, stand.segment(b"other")[1])),
        ((400, "bad_request"), stand.lease(max_bytes=10), (parts, segment)),
        ((422, "bad_media"), lease, stand.segment(b"no video at all" * 100)),
        ((422, "bad_media"), lease, stand.segment(playlist)),
        ((422, "bad_media"), lease, stand.segment(source.data[:3000])),
        ((422, "bad_media"), lease, stand.segment(source.data, duration_ms=1500)),
    ]

    found = [await stand.refused(SegmentRequest(lease, *rest)) for _, lease, rest in cases]

    assert found == [expected for expected, _, _ in cases]


async def test_another_segment_under_a_number_that_has_a_receipt_is_refused(stand: Set) -> None:
    """Two receipts for one number would be a slashable fault."""
    await stand.send(stand.request(stand.source[3]))
    other = replace(stand.source[4], sequence=stand.source[3].sequence)

    assert await stand.refused(stand.request(other)) == (409, "conflict")


async def test_job_below_the_asked_price_is_not_accepted(stand: Set, network: Any) -> None:
    order = replace(stand.hiring._order, price=Price(4, 1))
    cheap = Hiring(stand.node, stand.client, order)
    with pytest.raises(BadSetup, match="it asks 5/1 wei per pixel, we pay 4/1"):
        await cheap.named([network.keys["main"].address])
    # Ordered all the same, it is declined, and cancelled when its time is up.
    candidate = (await stand.hiring.named([network.keys["main"].address]))[0]
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        with pytest.raises(NoOffer, match="did not accept the job in time"):
            await cheap.hire(candidate)
        miner.cancel()


async def test_stream_goes_on_while_the_chain_is_away(stand: Set, network: Any) -> None:
    """Anvil is stopped in its tracks: nothing answers, and segments are worked on all the same."""
    await stand.send(stand.request(stand.source[0]))
    network.process.send_signal(signal.SIGSTOP)
    try:
        answers = [await stand.send(stand.request(each)) for each in stand.source[1:3]]
    finally:
        network.process.send_signal(signal.SIGCONT)

    assert len(answers) == 2
