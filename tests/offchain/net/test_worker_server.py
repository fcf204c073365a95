"""Segments over real HTTP: what comes back, and which status each refusal has."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.net import client, wire
from offchain.net.http import PortBusy, Refused, Server
from offchain.net.reach import ANYWHERE
from offchain.net.worker_server import WorkerLimits, worker_app
from offchain.proof.hashes import data_hash, rendition_root

OCTETS = {"Content-Type": "application/octet-stream"}


async def test_segment_goes_out_and_its_renditions_and_receipt_come_back(
    worker: Any, session: aiohttp.ClientSession, segment_request: Any
) -> None:
    request = segment_request(5, 9, [b"first", b"second"])

    answer = await client.TranscoderClient(session).submit(worker.url, request, 2, 5.0)

    assert answer.renditions == ((b"dnoces" + b"tsrif",), (b"firstsecond", b"firstsecond"))
    receipt = answer.receipt.receipt
    assert (receipt.job_id, receipt.sequence) == (5, 9)
    assert receipt.data_hash == data_hash([b"first", b"second"])
    assert receipt.rendition_root == rendition_root(answer.rendition_hashes())
    assert worker.desk.open_admissions == 0


async def test_refusal_of_a_lease_reaches_the_sender_with_its_words(
    worker: Any, session: aiohttp.ClientSession, segment_request: Any
) -> None:
    worker.desk.refuse_lease = Refused(403, "this is no job of mine", "unknown_job")

    with pytest.raises(client.PeerRefused, match="this is no job of mine") as caught:
        request = segment_request(5, 9, [bytes(500_000)])
        await client.TranscoderClient(session).submit(worker.url, request, 2, 5.0)

    assert (caught.value.status, caught.value.error) == (403, "unknown_job")


async def test_refusal_after_the_answer_began_comes_as_an_error_frame(
    worker: Any, session: aiohttp.ClientSession, segment_request: Any
) -> None:
    worker.desk.refuse_midway = Refused(422, "the sound is broken")
    seen: list[object] = []

    with pytest.raises(client.PeerRefused, match="the sound is broken") as caught:
        async for message in client.TranscoderClient(session).stream(
            worker.url, segment_request(5, 9, [b"x"]), 2
        ):
            seen.append(message)  # noqa: PERF401 - the loop is what raises

    assert caught.value.status == 422
    assert seen == [wire.RenditionPart(0, 0, b"x")]
    assert worker.desk.open_admissions == 0


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "words"),
    [
        ("jobs/5/segments/9", {"Content-Type": "text/plain"}, b"", 415, "the body's type"),
        ("jobs/5/segments/9", OCTETS, b"", 400, "opens with its lease"),
        ("jobs/5/segments/9", OCTETS, b"\x63garbage", 400, "type 99 is not expected"),
        ("jobs/x/segments/9", OCTETS, b"", 400, "jobId is a decimal number"),
        ("jobs/5/segments/" + "9" * 78, OCTETS, b"", 400, "sequence is below 2^256"),
        ("jobs/6/segments/9", OCTETS, None, 400, "another segment than the path"),
    ],
)
async def test_malformed_request_has_its_status_and_one_sentence(
    worker: Any,
    session: aiohttp.ClientSession,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    status: int,
    words: str,
    segment_request: Any,
) -> None:
    if body is None:
        body = b"".join([chunk async for chunk in segment_request(5, 9, [b"x"]).body()])

    async def stream():  # type: ignore[no-untyped-def]
        yield body

    async with session.post(f"{worker.url}/v1/{path}", data=stream(), headers=headers) as response:
        answer = await response.json()

    assert response.status == status
    assert set(answer) == {"error", "detail"}
    assert words in answer["detail"]


async def test_declared_size_over_the_cap_is_refused_unread(worker: Any) -> None:
    host, port = worker.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/jobs/1/segments/1 HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Length: 1048577\r\n\r\n"
    )

    assert b" 413 " in await reader.readline()
    writer.close()


async def test_peer_that_stops_sending_is_told_408(worker: Any, segment_request: Any) -> None:
    host, port = worker.url.removeprefix("http://").split(":")
    body = b"".join([chunk async for chunk in segment_request(1, 1, [b"abc"]).body()])
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/jobs/1/segments/1 HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
        % len(body)
        + body[:-1]
    )

    assert b" 408 " in await reader.readline()
    assert worker.desk.open_admissions == 0
    writer.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
async def test_no_bytes_make_the_server_fail(worker: Any, body: bytes) -> None:
    async with (
        client.new_session(ANYWHERE) as session,
        session.post(f"{worker.url}/v1/jobs/1/segments/1", data=body, headers=OCTETS) as response,
    ):
        assert response.status == 400


async def test_unknown_pages_and_methods_answer_in_json(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{worker.url}/v1/nothing") as response:
        assert (response.status, (await response.json())["error"]) == (404, "not_found")
    async with session.delete(f"{worker.url}/v1/info") as response:
        assert (response.status, (await response.json())["error"]) == (405, "method_not_allowed")


async def test_claims_are_served_by_root(worker: Any, session: aiohttp.ClientSession) -> None:
    root = b"\x07" * 32
    worker.desk.claims[root] = {"leaves": [1, 2]}
    peer = client.TranscoderClient(session)

    assert await peer.claim(worker.url, root) == {"leaves": [1, 2]}
    with pytest.raises(client.PeerRefused, match="no claim with that root"):
        await peer.claim(worker.url, b"\x08" * 32)


async def test_second_server_on_a_port_says_that_it_is_busy(worker: Any) -> None:
    port = int(worker.url.rsplit(":", 1)[1])
    app = worker_app(worker.desk, worker.shelf, lambda: True)

    with pytest.raises(PortBusy, match=f"port {port} on 127.0.0.1 is already in use"):
        async with Server(app, "127.0.0.1", port):
            pass


async def test_nobody_there_is_one_sentence(
    session: aiohttp.ClientSession, segment_request: Any
) -> None:
    async with Server(aiohttp.web.Application(), "127.0.0.1", 0) as gone:
        url = gone.url

    with pytest.raises(client.PeerUnreachable, match="cannot be reached"):
        await client.TranscoderClient(session).submit(url, segment_request(1, 1, [b"x"]), 1, 5.0)


async def test_reader_that_dawdles_loses_its_place(
    session: aiohttp.ClientSession, segment_request: Any, new_shelf: Any, new_desk: Any
) -> None:
    """The answer is larger than any socket's buffers, and nobody reads it."""
    desk, limits = new_desk(), WorkerLimits(answer_s=0.3)
    app = worker_app(desk, new_shelf(), lambda: True, limits)
    body = b"".join([chunk async for chunk in segment_request(1, 1, [bytes(16 << 20)]).body()])
    async with Server(app, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 10)
        writer.write(
            b"POST /v1/jobs/1/segments/1 HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )
        await writer.drain()
        assert b" 200 " in await reader.readline()
        await desk.left.wait()
        writer.close()
