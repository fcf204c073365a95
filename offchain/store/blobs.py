"""Segments and renditions on disk, each a file named by the hash that signs for it.

A blob is the list of its parts; its name is `data_hash(parts)`. A file is written beside its
place, flushed, and renamed into it, so a name never stands for half a blob. Every read is hashed
again: what comes out is what was asked for, or an error.

File: `LPB1`, the number of parts and each part's length as 32-bit big-endian integers, the parts.
"""

from __future__ import annotations

import asyncio
import errno
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offchain.proof.hashes import data_hash
from offchain.store.crashpoints import crashpoint

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

_MAGIC = b"LPB1"
_MAX_PARTS = 1 << 16


class BlobsError(Exception):
    """A blob cannot be kept; the message is one clear sentence."""


class BlobMissing(BlobsError, LookupError):
    """No blob of that hash is here."""


class BlobCorrupt(BlobsError):
    """The file under that hash does not hold what the hash stands for."""


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """Where a blob's bytes lie: its parts, of `sizes` bytes, one after another from `offset` on."""

    path: Path
    offset: int
    sizes: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(self.sizes)


class Blobs:
    """Content-addressed storage in a folder. Blocking work runs on a thread."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    async def put(self, blob_hash: bytes, parts: Sequence[bytes]) -> None:
        """Keep `parts` under their hash; a blob that is here already is left as it is."""
        await asyncio.to_thread(self.put_now, blob_hash, parts)

    async def get(self, blob_hash: bytes) -> list[bytes]:
        """The parts of a blob, hashed again; raises `BlobMissing` or `BlobCorrupt`."""
        return await asyncio.to_thread(self.get_now, blob_hash)

    async def discard(self, blob_hash: bytes) -> None:
        """Forget a blob; one that is not here is no error."""
        await asyncio.to_thread(self._place(blob_hash).unlink, missing_ok=True)

    def __contains__(self, blob_hash: bytes) -> bool:
        return self._place(blob_hash).is_file()

    def hashes(self) -> Iterator[bytes]:
        """Every hash that a file stands under."""
        for file in self.path.glob("[0-9a-f][0-9a-f]/*"):
            if len(file.name) == 64:
                yield bytes.fromhex(file.name)

    async def prune(self, wanted: Container[bytes], *, older_than_s: float) -> int:
        """Drop blobs that nobody wants any more and that have lain for so many seconds.

        The age keeps what is being worked on: a blob is written before what refers to it.
        """
        return await asyncio.to_thread(self._prune, wanted, time.time() - older_than_s)

    def _prune(self, wanted: Container[bytes], before: float) -> int:
        dropped = 0
        for blob_hash in list(self.hashes()):
            place = self._place(blob_hash)
            if blob_hash not in wanted and place.stat().st_mtime < before:
                place.unlink(missing_ok=True)
                dropped += 1
        for leftover in self.path.glob("[0-9a-f][0-9a-f]/*.tmp"):
            if leftover.stat().st_mtime < before:
                leftover.unlink(missing_ok=True)
        return dropped

    def info(self, blob_hash: bytes) -> BlobInfo:
        """Where the bytes lie, for serving ranges without loading the whole blob."""
        place = self._place(blob_hash)
        try:
            with place.open("rb") as file:
                lengths = _read_lengths(file.read(8 + 4 * _MAX_PARTS), place)
        except FileNotFoundError:
            raise BlobMissing(f"no blob {blob_hash.hex()} is stored here") from None
        return BlobInfo(place, 8 + 4 * len(lengths), tuple(lengths))

    def put_now(self, blob_hash: bytes, parts: Sequence[bytes]) -> None:
        """As `put`, on the calling thread."""
        if not parts or len(parts) > _MAX_PARTS:
            raise BlobsError(f"a blob has between 1 and {_MAX_PARTS} parts, not {len(parts)}")
        if data_hash(parts) != blob_hash:
            raise BlobsError(f"these parts do not hash to {blob_hash.hex()}; nothing was stored")
        place = self._place(blob_hash)
        if place.exists():
            return
        header = _MAGIC + struct.pack(f">{len(parts) + 1}I", len(parts), *map(len, parts))
        # The name carries process and thread-independent randomness: two writers of one blob
        # must not write into one file.
        temporary = place.with_name(f"{place.name}.{os.urandom(6).hex()}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(header)
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            crashpoint("blobs.written")
            temporary.rename(place)
            _sync_folder(place.parent)
            crashpoint("blobs.renamed")
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise BlobsError(f"no room left under {self.path}; free some disk space") from error
            raise BlobsError(f"{self.path} cannot be written: {error.strerror}") from error

    def get_now(self, blob_hash: bytes) -> list[bytes]:
        """As `get`, on the calling thread."""
        place = self._place(blob_hash)
        try:
            content = place.read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"no blob {blob_hash.hex()} is stored here") from None
        except OSError as error:
            raise BlobsError(f"{place} cannot be read: {error.strerror}") from error
        lengths = _read_lengths(content, place)
        parts = []
        position = 8 + 4 * len(lengths)
        for length in lengths:
            parts.append(content[position : position + length])
            position += length
        if position != len(content) or data_hash(parts) != blob_hash:
            raise BlobCorrupt(f"{place} is damaged: its bytes do not hash to its name")
        return parts

    def _place(self, blob_hash: bytes) -> Path:
        if len(blob_hash) != 32:
            raise BlobsError(f"a blob's hash is 32 bytes, not {len(blob_hash)}")
        name = blob_hash.hex()
        return self.path / name[:2] / name


def _read_lengths(content: bytes, place: Path) -> Sequence[int]:
    if content[:4] == _MAGIC and len(content) >= 8:
        (count,) = struct.unpack_from(">I", content, 4)
        if 0 < count <= _MAX_PARTS and len(content) >= 8 + 4 * count:
            return struct.unpack_from(f">{count}I", content, 8)
    raise BlobCorrupt(f"{place} is damaged: it does not begin like a blob")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
