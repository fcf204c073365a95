"""Logs say what happened and never what is secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from offchain.node.logs import scrub, set_up_logs


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:], logger.level = handlers, level


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pw@rpc.example/v3/abcdef failed", "https://rpc.example/… failed"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545/"),
        ("at http://10.0.0.1:8935/v1/info", "at http://10.0.0.1:8935/v1/info"),
        ("http://127.0.0.1:1/live/x/index.m3u8", "http://127.0.0.1:1/live/x/index.m3u8"),
        ("password=hunter2 and token: abc", "password=*** and token: ***"),
        ("private key = 0xabc", "private key = ***"),
    ],
)
def test_addresses_lose_their_keys_and_words_their_secrets(text: str, shown: str) -> None:
    assert scrub(text) == shown


def test_strangers_words_stay_on_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "text")
    stream = "x\n12:00:00.000 info    all is well"
    logging.getLogger("livepeer.test").info("job declined", extra={"stream": stream})

    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("style", ["text", "json"])
def test_lines_carry_fields_and_no_secret(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", style)
    log = logging.getLogger("livepeer.test")

    log.debug("unseen")
    log.info("segment done", extra={"sequence": 7, "rpc": "https://x.example/key123"})
    try:
        raise ValueError("at https://y.example/key123")
    except ValueError:
        log.exception("trouble")

    out = capsys.readouterr().err
    assert "unseen" not in out
    assert "key123" not in out
    if style == "json":
        first, second = (json.loads(line) for line in out.splitlines())
        assert (first["message"], first["sequence"]) == ("segment done", 7)
        assert "ValueError" in second["exception"]
    else:
        assert "segment done sequence=7" in out
        assert "ValueError" in out
