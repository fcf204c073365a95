"""Blobs: what comes out is what went in, or an error."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.proof.hashes import data_hash
from offchain.store import BlobCorrupt, BlobMissing, Blobs, BlobsError

ROOT = Path(__file__).resolve().parents[3]
PARTS = [b"first", b"", b"third part"]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_put__any_parts__come_back_the_same(parts: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        blobs = Blobs(folder)
        name = data_hash(parts)
        blobs.put_now(name, parts)
        blobs.put_now(name, parts)
        assert blobs.get_now(name) == parts
        assert list(blobs.hashes()) == [name]
        info = blobs.info(name)
        stored = info.path.read_bytes()[info.offset : info.offset + info.size]
        assert stored == b"".join(parts)


async def test_put__other_hash__stores_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(BlobsError, match="do not hash to"):
        await blobs.put(data_hash(PARTS), [*PARTS, b"more"])
    assert list(blobs.hashes()) == []


async def test_get__any_byte_altered__refuses(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = data_hash(PARTS)
    await blobs.put(name, PARTS)
    place = blobs.info(name).path
    whole = place.read_bytes()
    for position in range(len(whole)):
        place.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(BlobCorrupt, match="damaged"):
            await blobs.get(name)
    place.write_bytes(whole[:-1])
    with pytest.raises(BlobCorrupt):
        await blobs.get(name)


async def test_get__not_here__says_so(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(BlobMissing):
        await blobs.get(b"\x01" * 32)
    with pytest.raises(BlobsError, match="32 bytes"):
        await blobs.get(b"../../../etc/passwd")
    await blobs.put(data_hash(PARTS), PARTS)
    await blobs.discard(data_hash(PARTS))
    await blobs.discard(data_hash(PARTS))
    assert data_hash(PARTS) not in blobs


async def test_prune__keeps_what_is_wanted_or_new(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    names = [data_hash([bytes([n])]) for n in range(3)]
    for n, name in enumerate(names):
        await blobs.put(name, [bytes([n])])
    for name in names[:2]:
        os.utime(blobs.info(name).path, (0, 0))
    assert await blobs.prune({names[0]}, older_than_s=60) == 1
    assert [name in blobs for name in names] == [True, False, True]


@pytest.mark.parametrize("point", ["blobs.written", "blobs.renamed"])
async def test_killed_while_writing__whole_or_absent(tmp_path: Path, point: str) -> None:
    program = (
        "import sys\n"
        "from offchain.proof.hashes import data_hash\n"
        "from offchain.store import Blobs\n"
        "Blobs(sys.argv[1]).put_now(data_hash([b'a', b'b']), [b'a', b'b'])\n"
    )
    environment = {**os.environ, "LIVEPEER_CRASH_AT": point}
    command = [sys.executable, "-c", program, str(tmp_path)]
    run = functools.partial(subprocess.run, command, cwd=ROOT, env=environment, check=False)
    assert (await asyncio.to_thread(run)).returncode == -signal.SIGKILL
    blobs = Blobs(tmp_path)
    name = data_hash([b"a", b"b"])
    if point == "blobs.written":
        assert name not in blobs
        assert list(blobs.hashes()) == []
        await blobs.put(name, [b"a", b"b"])
    assert await blobs.get(name) == [b"a", b"b"]
