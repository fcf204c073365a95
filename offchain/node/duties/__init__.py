"""A worker's duties on chain: take jobs, claim, prove, open, settle, and keep rounds going.

`worker_duties(...)` gives the usual set; `Duties(node, duties).run()` performs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.chain.onchain import OnChain
from offchain.node.duties.accept import AcceptJobs, Offer, Policy
from offchain.node.duties.base import Duties, Duty
from offchain.node.duties.claim import ClaimPolicy, ClaimWork
from offchain.node.duties.claimbook import ClaimBook
from offchain.node.duties.money import AskPrice, Collect
from offchain.node.duties.rounds import Rounds
from offchain.node.duties.settle import SettleClaims

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from offchain.store import Blobs, Receipts

__all__ = [
    "AcceptJobs",
    "AskPrice",
    "ClaimBook",
    "ClaimPolicy",
    "ClaimWork",
    "Collect",
    "Duties",
    "Duty",
    "Offer",
    "OnChain",
    "Policy",
    "Rounds",
    "SettleClaims",
    "worker_duties",
]


def worker_duties(
    node: OnChain,
    receipts: Receipts,
    blobs: Blobs,
    *,
    accept: Policy,
    location: str,
    claims: ClaimPolicy | None = None,
    in_flight: Callable[[int], Collection[int]] = lambda _: (),
    draining: Callable[[], bool] = lambda: False,
    confirmations: int = 12,
    price: tuple[int, int] | None = None,
    collect_from: int | None = None,
) -> Duties:
    """Everything a transcoder owes the chain, except its seat on committees.

    `accept` decides on jobs; `location` is the URL at which this node serves blobs by hash; `price`
    is wei for pixels, asked for in elections; credits are withdrawn from `collect_from` wei on.
    """
    book = ClaimBook(node)
    optional: list[Duty] = []
    if price is not None:
        optional.append(AskPrice(node, *price))
    if collect_from is not None:
        optional.append(Collect(node, collect_from))
    return Duties(
        node,
        [
            Rounds(node),
            AcceptJobs(node, accept),
            ClaimWork(node, receipts, book, claims, in_flight=in_flight, draining=draining),
            SettleClaims(
                node, receipts, book, blobs, location=location, confirmations=confirmations
            ),
            *optional,
        ],
        also=[book],
    )
