"""What seats are given in tests: bytes from a claimant's own folder, and judges of known mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.net.fetcher import BlobUnavailable
from offchain.store import BlobMissing
from offchain.verify.judgement import UNAVAILABLE, VALID, Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offchain.media.profiles import QualityContract
    from offchain.verify.judgement import Claim
    from tests.offchain.stage import Worker


class Shelf:
    """A blob source without the network: the claimant's own blobs."""

    def __init__(self, claimant: Worker) -> None:
        self._claimant = claimant
        self.asked: list[bytes] = []

    async def blob(self, blob_hash: bytes, sources: Sequence[str]) -> list[bytes]:
        assert sources
        self.asked.append(blob_hash)
        try:
            return await self._claimant.blobs.get(blob_hash)
        except BlobMissing as error:
            raise BlobUnavailable(str(error)) from error

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        for claim in await self._claimant.receipts.claims(open_only=False):
            for receipt in await self._claimant.receipts.of_claim(claim.purpose):
                if receipt.rendition_root == root:
                    return list(receipt.renditions)
        raise BlobUnavailable("no such root")


class Verdictless:
    """Finds everything valid whose bytes are there: for tests of voting, not of pictures."""

    def __init__(self) -> None:
        self.judged = 0

    async def judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        *,
        rungs: Sequence[int] | None = None,
    ) -> Judgement:
        self.judged += 1
        if source is None or set(renditions) != set(rungs or ()):
            return Judgement(UNAVAILABLE, "bytes", "the bytes cannot be fetched")
        return Judgement(VALID, "bytes", "the bytes are there")


class Opinionated(Verdictless):
    """Always says the same, whatever it is shown."""

    def __init__(self, verdict: int) -> None:
        super().__init__()
        self._verdict = verdict

    async def judge(self, *_: object, **__: object) -> Judgement:
        self.judged += 1
        return Judgement(self._verdict, "opinion", "because")


class Nothing:
    """A blob source that never has anything."""

    async def blob(self, blob_hash: bytes, sources: Sequence[str]) -> list[bytes]:
        raise BlobUnavailable("nothing here")

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        raise BlobUnavailable("nothing here")
