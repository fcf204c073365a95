"""The tables of a node's database, as numbered steps that only ever grow.

A step that has shipped is never edited: a new one is appended. `PRAGMA user_version` holds the
number of the last step applied. Amounts are decimal text (a uint256 does not fit SQLite's 64-bit
integers); hashes and signatures are blobs; times are Unix seconds.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Which chain and deployment this file belongs to, and other single facts.
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # Follower: how far the chain has been read, per stream of events.
        """CREATE TABLE cursors (
            name TEXT PRIMARY KEY,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            log_index INTEGER NOT NULL
        ) WITHOUT ROWID""",
        # Blocks passed on the way, to find the common ancestor after a reorganisation.
        """CREATE TABLE blocks (
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (name, number)
        ) WITHOUT ROWID""",
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            tx_hash BLOB NOT NULL,
            log_index INTEGER NOT NULL,
            block_number INTEGER NOT NULL,
            block_hash BLOB NOT NULL,
            contract TEXT NOT NULL,
            event TEXT NOT NULL,
            args TEXT NOT NULL,
            UNIQUE (name, tx_hash, log_index)
        )""",
        "CREATE INDEX events_by_block ON events (name, block_number, log_index)",
        "CREATE INDEX events_by_kind ON events (contract, event, block_number)",
        # Outbox: one row per thing the node wants done on chain.
        """CREATE TABLE intents (
            id INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL UNIQUE,
            sender TEXT NOT NULL,
            target TEXT NOT NULL,
            data BLOB NOT NULL,
            value TEXT NOT NULL,
            gas INTEGER,
            nonce INTEGER,
            state TEXT NOT NULL,
            status INTEGER,
            tx_hash BLOB,
            block_number INTEGER,
            block_hash BLOB,
            reason TEXT,
            tries INTEGER NOT NULL DEFAULT 0,
            cancelled INTEGER NOT NULL DEFAULT 0,
            created REAL NOT NULL,
            updated REAL NOT NULL
        )""",
        # A nonce has one owner. Intents put back to NEW give theirs up.
        """CREATE UNIQUE INDEX intents_by_nonce ON intents (sender, nonce)
            WHERE nonce IS NOT NULL""",
        "CREATE INDEX intents_by_state ON intents (sender, state)",
        # Every transaction ever signed for an intent: any of them may be the one that is mined.
        """CREATE TABLE attempts (
            tx_hash BLOB PRIMARY KEY,
            intent INTEGER NOT NULL REFERENCES intents (id),
            nonce INTEGER NOT NULL,
            raw BLOB NOT NULL,
            max_fee TEXT NOT NULL,
            priority_fee TEXT NOT NULL,
            cancels INTEGER NOT NULL DEFAULT 0,
            sent REAL
        ) WITHOUT ROWID""",
        "CREATE INDEX attempts_by_intent ON attempts (intent)",
        # Worker: what it did and can claim. Kept until the claim is final.
        """CREATE TABLE receipts (
            job_id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            duration_ms INTEGER NOT NULL,
            data_hash BLOB NOT NULL,
            rendition_root BLOB NOT NULL,
            renditions BLOB NOT NULL,
            pixels INTEGER NOT NULL,
            broadcaster_sig BLOB NOT NULL,
            receipt_sig BLOB NOT NULL,
            leaf BLOB NOT NULL,
            claim_purpose TEXT,
            created REAL NOT NULL,
            PRIMARY KEY (job_id, sequence)
        ) WITHOUT ROWID""",
        "CREATE INDEX receipts_by_claim ON receipts (claim_purpose)",
        # A claim as it was submitted: its leaves never change afterwards.
        """CREATE TABLE claims (
            purpose TEXT PRIMARY KEY,
            job_id TEXT NOT NULL,
            claim_id INTEGER,
            first_sequence INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            segments INTEGER NOT NULL,
            root BLOB NOT NULL,
            created REAL NOT NULL,
            closed REAL
        ) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX claims_by_id ON claims (job_id, claim_id) WHERE claim_id IS NOT NULL",
        # Committee seat: one verdict per request and stage, for ever.
        """CREATE TABLE verdicts (
            request TEXT NOT NULL,
            stage INTEGER NOT NULL,
            verifier TEXT NOT NULL,
            subject BLOB NOT NULL,
            verdict INTEGER NOT NULL,
            scores BLOB NOT NULL,
            details BLOB NOT NULL,
            salt BLOB NOT NULL,
            commitment BLOB NOT NULL,
            reason TEXT NOT NULL,
            created REAL NOT NULL,
            PRIMARY KEY (request, stage)
        ) WITHOUT ROWID""",
    ),
    (
        # Broadcaster: work that was signed for and found bad; the leaves to challenge.
        """CREATE TABLE findings (
            job_id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            reason TEXT NOT NULL,
            created REAL NOT NULL,
            PRIMARY KEY (job_id, sequence)
        ) WITHOUT ROWID""",
    ),
)
