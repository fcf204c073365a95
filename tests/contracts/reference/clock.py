"""Blocks, pauses and rounds."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contracts.reference.arithmetic import PERC, percentage


@dataclass(slots=True)
class Clock:
    """Block numbers, the rounds cut from them, and the protocol clock beside them.

    ``block`` is the number of the block the next transaction runs in. Rounds follow it, paused or
    not, as on mainnet. Deadlines follow the protocol clock ``now``: the block number less every
    block spent paused, the running pause included.
    """

    block: int
    round_length: int
    lock_amount: int
    first_round: int
    first_block: int
    paused_before: int = 0
    paused_since: int | None = None
    initialized: int = 0

    @property
    def paused(self) -> bool:
        """Whether the Controller is paused."""
        return self.paused_since is not None

    @property
    def now(self) -> int:
        """The protocol clock, in blocks."""
        running = self.block - self.paused_since if self.paused_since is not None else 0
        return self.block - self.paused_before - running

    @property
    def round(self) -> int:
        """The round the block is in, initialised or not."""
        return self.first_round + (self.block - self.first_block) // self.round_length

    @property
    def round_start(self) -> int:
        """The first block of the current round."""
        return self.block - (self.block - self.first_block) % self.round_length

    @property
    def ready(self) -> bool:
        """Whether the current round has been initialised."""
        return self.initialized == self.round

    @property
    def locked(self) -> bool:
        """Whether the round is in its last part, in which rates may not change."""
        locked_blocks = percentage(self.round_length, self.lock_amount, PERC)
        return self.block - self.round_start >= self.round_length - locked_blocks

    def pause(self) -> None:
        """Stops the protocol clock at the current block."""
        self.paused_since = self.block

    def unpause(self) -> None:
        """Lets the protocol clock run again; the paused blocks never count."""
        assert self.paused_since is not None
        self.paused_before += self.block - self.paused_since
        self.paused_since = None
