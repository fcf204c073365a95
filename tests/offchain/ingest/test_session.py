"""RTMP without sockets: what a publisher sends, in any slicing, and what a stranger might."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ingest import amf0, chunks
from offchain.ingest.chunks import BadChunk, ChunkReader, Message, chunked
from offchain.ingest.session import Asked, BadPublisher, Ended, PublisherSession, Tag

HELLO = b"\x03" + bytes(range(256)) * 6
values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
messages = st.builds(
    Message,
    st.sampled_from([chunks.AUDIO, chunks.VIDEO, chunks.DATA]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 3),
    st.binary(max_size=700),
)


def command(*said: Any, stream: int = 0, size: int = 128) -> bytes:
    return chunked(Message(chunks.COMMAND, 0, stream, amf0.encode(*said)), 3, size)


def publisher(name: str = "secret", app: str = "live") -> bytes:
    """All a publisher says until it is let in."""
    return (
        HELLO
        + bytes(1536)
        + command("connect", 1, {"app": app, "tcUrl": f"rtmp://here/{app}"})
        + command("releaseStream", 2, None, name)
        + command("FCPublish", 3, None, name)
        + command("createStream", 4, None)
        + command("publish", 5, None, name, "live", stream=1)
    )


def answers(sent: bytes) -> list[Any]:
    """The commands in what a session has sent, its handshake apart."""
    assert sent[:1] == b"\x03"
    assert sent[1 + 1536 : 1 + 2 * 1536] == HELLO[1:], "our third block repeats their first"
    read = ChunkReader().feed(sent[1 + 2 * 1536 :])
    return [amf0.decode(each.body) for each in read if each.kind == chunks.COMMAND]


@given(st.lists(values, max_size=4))
def test_amf0__gives_back_what_was_written(said: list[Any]) -> None:
    assert amf0.decode(amf0.encode(*said)) == said


@given(st.binary(max_size=200))
def test_amf0__any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        amf0.decode(data)
    except amf0.BadAmf as refused:
        assert str(refused).startswith("the command")


def test_amf0__depth_and_count_are_bounded() -> None:
    nested: Any = None
    for _ in range(amf0.MOST_DEPTH + 2):
        nested = [nested]
    with pytest.raises(amf0.BadAmf, match="too deep"):
        amf0.decode(amf0.encode(nested))
    with pytest.raises(amf0.BadAmf, match="too many"):
        amf0.decode(b"\x0a\xff\xff\xff\xff")


@settings(max_examples=60)
@given(st.lists(messages, max_size=6), st.integers(1, 200), st.integers(1, 97))
def test_chunks__come_back_whole_in_any_slicing(said: list[Message], size: int, cut: int) -> None:
    sizing = chunked(Message(chunks.SET_CHUNK_SIZE, 0, 0, struct.pack(">I", size)), 2, 128)
    data = sizing + b"".join(chunked(each, 4, size) for each in said)
    reader = ChunkReader()
    heard = [
        message
        for at in range(0, len(data), cut)
        for message in reader.feed(data[at : at + cut])
        if message.kind != chunks.SET_CHUNK_SIZE
    ]
    assert heard == said


def test_chunks__interleaved_with_short_headers_and_no_repeated_extended_time() -> None:
    late = 0xFFFFFF + 5
    first = chunked(Message(chunks.VIDEO, late, 1, bytes(200)), 6, 128)
    # Another chunk stream's message stands between two chunks of the first; the chunk that
    # continues leaves out the extended timestamp, as some encoders do.
    head, rest = first[: 1 + 11 + 4 + 128], first[1 + 11 + 4 + 128 + 1 + 4 :]
    sound = chunked(Message(chunks.AUDIO, 40, 1, b"abc"), 4, 128)
    # Form 1: a step in time, length and kind; form 2: a step alone; form 3: the same step again.
    more = (
        b"\x44" + (20).to_bytes(3, "big") + (2).to_bytes(3, "big") + bytes([chunks.AUDIO]) + b"de"
    )
    again = b"\x84" + (7).to_bytes(3, "big") + b"fg" + b"\xc4" + b"hi"

    heard = list(ChunkReader().feed(head + sound + b"\xc6" + rest + more + again))

    assert [(each.timestamp, each.body) for each in heard] == [
        (40, b"abc"),
        (late, bytes(200)),
        (60, b"de"),
        (67, b"fg"),
        (74, b"hi"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x43" + bytes(7), "without a full header"),
        (b"\x03" + bytes(3) + b"\xff\xff\xff" + bytes(5), "longer than"),
        (chunked(Message(chunks.SET_CHUNK_SIZE, 0, 0, bytes(4)), 2, 128), "out of range"),
        (chunked(Message(chunks.VIDEO, 0, 1, bytes(200)), 4, 128)[:140] + b"\x04", "has ended"),
        (b"".join(bytes([each]) + bytes(11) for each in range(2, 64)) + b"\x00\x10" + bytes(11)
         + b"\x00\x11" + bytes(11) + b"\x00\x12" + bytes(11), "more than 64"),
    ],
)  # fmt: skip
def test_chunks__nonsense_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(BadChunk, match=words):
        list(ChunkReader().feed(data))


@pytest.mark.parametrize("cut", [1, 17, 1537, 100_000])
def test_publishing__whole_conversation_in_any_slicing(cut: int) -> None:
    session = PublisherSession()
    said = publisher("stream?key=word", app="live?token=x")
    events = [each for at in range(0, len(said), cut) for each in session.feed(said[at : at + cut])]
    assert events == [Asked("live", "stream", {"token": "x", "key": "word"})]
    session.accept()

    media = (
        chunked(Message(chunks.DATA, 0, 1, amf0.encode("@setDataFrame", "onMetaData", {})), 4, 128)
        + chunked(Message(chunks.VIDEO, 33, 1, b"\x17picture"), 6, 128)
        + command("deleteStream", 7, None, 1)
    )
    assert session.feed(media) == [
        Tag(chunks.DATA, 0, amf0.encode("onMetaData", {})),
        Tag(chunks.VIDEO, 33, b"\x17picture"),
        Ended(),
    ]
    names = [(each[0], each[1]) for each in answers(session.to_send())]
    assert names == [
        ("_result", 1.0),
        ("_result", 2.0),
        ("onFCPublish", 0.0),
        ("_result", 4.0),
        ("onStatus", 0.0),
    ]


def test_publishing__nothing_passes_before_it_is_accepted() -> None:
    session = PublisherSession()
    session.feed(publisher())
    assert session.feed(chunked(Message(chunks.VIDEO, 0, 1, b"early"), 6, 128)) == []
    session.refuse("unknown stream key")
    last = answers(session.to_send())[-1]
    assert (last[0], last[3]["level"], last[3]["description"]) == (
        "onStatus",
        "error",
        "unknown stream key",
    )


def test_publishing__acknowledges_as_often_as_the_peer_asks() -> None:
    session = PublisherSession()
    window = chunked(Message(chunks.WINDOW_SIZE, 0, 0, struct.pack(">I", 3000)), 2, 128)
    session.feed(publisher() + window)
    session.to_send()
    session.accept()
    session.to_send()
    session.feed(chunked(Message(chunks.VIDEO, 0, 1, bytes(3100)), 6, 128))
    heard = [each.kind for each in ChunkReader().feed(session.to_send())]
    assert heard == [chunks.ACKNOWLEDGEMENT]


def test_publishing__answers_a_ping_and_unpacks_aggregates() -> None:
    session = PublisherSession()
    session.feed(publisher())
    session.accept()
    session.to_send()
    ping = Message(chunks.USER_CONTROL, 0, 0, struct.pack(">HI", 6, 77))
    inner = [(chunks.AUDIO, 500, b"one"), (chunks.VIDEO, 540, b"two")]
    body = b"".join(
        bytes([kind]) + len(data).to_bytes(3, "big") + stamp.to_bytes(3, "big") + bytes(4) + data
        + struct.pack(">I", 11 + len(data))
        for kind, stamp, data in inner
    )  # fmt: skip
    whole = chunked(Message(chunks.AGGREGATE, 1000, 1, body), 6, 128)
    assert session.feed(chunked(ping, 2, 128) + whole) == [
        Tag(chunks.AUDIO, 1000, b"one"),
        Tag(chunks.VIDEO, 1040, b"two"),
    ]
    (pong,) = ChunkReader().feed(session.to_send())
    assert pong.body == struct.pack(">HI", 7, 77)
    with pytest.raises(BadPublisher, match="cut short"):
        session.feed(chunked(Message(chunks.AGGREGATE, 1000, 1, body[:12]), 6, 128))


def test_publishing__others_than_publishers_are_told_so() -> None:
    with pytest.raises(BadPublisher, match="no RTMP"):
        PublisherSession().feed(b"GET / HTTP/1.1\r\n\r\n")
    session = PublisherSession()
    start = HELLO + bytes(1536) + command("connect", 1, {"app": "live"})
    with pytest.raises(BadPublisher, match="play"):
        session.feed(start + command("play", 0, None, "x", stream=1))
    assert answers(session.to_send())[-1][3]["code"] == "NetStream.Play.Failed"
    twice = PublisherSession()
    twice.feed(publisher())
    twice.accept()
    with pytest.raises(BadPublisher, match="twice"):
        twice.feed(command("publish", 6, None, "other", "live", stream=1))


@settings(max_examples=150)
@given(st.data())
def test_fuzz__mutated_conversations_are_read_or_refused(data: st.DataObject) -> None:
    said = bytearray(
        publisher() + chunked(Message(chunks.VIDEO, 33, 1, b"\x17" + bytes(300)), 6, 128)
    )
    for _ in range(data.draw(st.integers(1, 12))):
        said[data.draw(st.integers(1 + 2 * 1536, len(said) - 1))] = data.draw(st.integers(0, 255))
    session = PublisherSession()
    try:
        for event in session.feed(bytes(said)):
            if isinstance(event, Asked):
                session.accept()
    except BadPublisher as refused:
        assert len(str(refused)) > 10
