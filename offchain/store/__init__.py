"""What a node remembers: one SQLite file it owns, and bytes addressed by their hash."""

from offchain.store.blobs import BlobCorrupt, BlobMissing, Blobs, BlobsError
from offchain.store.database import Database
from offchain.store.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMismatch,
    StoreReadOnly,
    StoreTooNew,
)
from offchain.store.findings import Findings
from offchain.store.receipts import ReceiptConflict, Receipts, StoredClaim, StoredReceipt
from offchain.store.verdicts import StoredVerdict, VerdictConflict, Verdicts

__all__ = [
    "BlobCorrupt",
    "BlobMissing",
    "Blobs",
    "BlobsError",
    "Database",
    "Findings",
    "ReceiptConflict",
    "Receipts",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreMismatch",
    "StoreReadOnly",
    "StoreTooNew",
    "StoredClaim",
    "StoredReceipt",
    "StoredVerdict",
    "VerdictConflict",
    "Verdicts",
]
