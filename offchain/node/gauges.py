"""What a transcoder's operator watches on the chain: stake, fees, round, transactions, verdicts.

Read every few seconds, so that a scrape costs nothing and a chain that is away does not hold it up:
`livepeer_chain_seconds_since_read` then tells how old the figures are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from offchain.chain.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.node.base import Node
    from offchain.store import Receipts
    from offchain.store.verdicts import Verdicts

log = logging.getLogger("livepeer.worker")

ETHER = 10**18
EVERY_S = 10.0
_VERDICTS = {1: "valid", 2: "invalid", 3: "unavailable"}
_GAUGES = {
    "livepeer_worker_stake_lpt": "LPT bonded to itself, rewards up to now included.",
    "livepeer_worker_delegated_lpt": "LPT behind this transcoder, its own included.",
    "livepeer_worker_fees_eth": "ETH of fees earned and not withdrawn.",
    "livepeer_worker_balance_eth": "ETH the key has for transactions.",
    "livepeer_worker_active": "1 while it is in this round's active set.",
    "livepeer_worker_last_reward_round": "Round of the last reward call.",
    "livepeer_worker_open_claims": "Claims that are not final yet.",
    "livepeer_chain_round": "Current round.",
    "livepeer_chain_round_initialized": "1 once somebody has initialized it.",
    "livepeer_chain_block": "Newest block whose events have been handled.",
    "livepeer_outbox_waiting": "Transactions that are not mined yet.",
    "livepeer_outbox_oldest_seconds": "Age of the oldest of them.",
}


class ChainGauges(Collector):
    """Collects for Prometheus what `run` has last read."""

    def __init__(self, node: Node, receipts: Receipts, verdicts: Verdicts) -> None:
        self._node, self._receipts, self._verdicts = node, receipts, verdicts
        self._values: dict[str, float] = {}
        self._judged: dict[int, int] = {}
        self._read_at: float | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics, as the registry asks for them; none of the chain's before it was read."""
        for name, value in self._values.items():
            yield GaugeMetricFamily(name, _GAUGES[name], value)
        judged = CounterMetricFamily(
            "livepeer_worker_verdicts", "Requests judged as a committee seat.", labels=["verdict"]
        )
        for verdict, word in _VERDICTS.items():
            judged.add_metric([word], self._judged.get(verdict, 0))
        yield judged
        if self._read_at is not None:
            age = time.monotonic() - self._read_at
            yield GaugeMetricFamily(
                "livepeer_chain_seconds_since_read", "Age of the figures from the chain.", age
            )

    async def run(self) -> None:
        """Read now and every ten seconds."""
        while True:
            try:
                await self.read()
            except ChainError as exc:
                log.debug("figures could not be read", extra={"why": str(exc)})
            await asyncio.sleep(EVERY_S)

    async def read(self) -> None:
        """Read everything once; raises `ChainError` and keeps the old figures."""
        node, me = self._node, self._node.address
        bonding, rounds = node.contracts.BondingManager, node.contracts.RoundsManager
        current = await rounds.call("currentRound")
        last_reward = (await bonding.call("getTranscoder", me))[0]
        waiting, oldest = await node.outbox.backlog()
        cursor = node.follower.cursor
        values: dict[str, float] = {
            "livepeer_worker_stake_lpt": await bonding.call("pendingStake", me, current) / ETHER,
            "livepeer_worker_delegated_lpt": await bonding.call("transcoderTotalStake", me) / ETHER,
            "livepeer_worker_fees_eth": await bonding.call("pendingFees", me, current) / ETHER,
            "livepeer_worker_balance_eth": await node.client.balance(me) / ETHER,
            "livepeer_worker_active": float(await bonding.call("isActiveTranscoder", me)),
            "livepeer_worker_last_reward_round": last_reward,
            "livepeer_worker_open_claims": len(await self._receipts.claims()),
            "livepeer_chain_round": current,
            "livepeer_chain_round_initialized": float(await rounds.call("currentRoundInitialized")),
            "livepeer_chain_block": cursor.number if cursor else 0,
            "livepeer_outbox_waiting": waiting,
            "livepeer_outbox_oldest_seconds": oldest,
        }
        judged = await self._verdicts.counts()
        self._values, self._judged, self._read_at = values, judged, time.monotonic()
