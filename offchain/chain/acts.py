"""Acts that are due until the chain shows them done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offchain.proof.hashes import keccak

if TYPE_CHECKING:
    from offchain.chain.contracts import Contract
    from offchain.chain.intents import Intent
    from offchain.chain.outbox import Outbox

logger = logging.getLogger(__name__)

RETRY_BLOCKS = 5  # how long a refused act rests before it is tried again, if it is still due


class Acts:
    """Expresses what should be done on chain as intents with fixed purposes."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self._tried: dict[str, int] = {}

    async def ensure(
        self,
        head: int,
        purpose: str,
        contract: Contract,
        function: str,
        *args: Any,
        value: int = 0,
    ) -> Intent:
        """See to it that a call is made once; say so again at each block `head` while it is due.

        One that was refused is tried again after `RETRY_BLOCKS`, since whoever says so has just
        seen that it is still due. `value` in wei.
        """
        data = contract.encode(function, *args)
        known = await self.outbox.get(purpose)
        if known is None:
            self._tried[purpose] = head
            return await self.outbox.submit(purpose, contract.address, data, value)
        if known.settled and not known.ok:
            tried = self._tried.setdefault(purpose, head)
            if head - tried >= RETRY_BLOCKS:
                logger.info("%s was refused (%s) and is tried again", purpose, known.reason)
                self._tried[purpose] = head
                return await self.outbox.retry(purpose, data=data, value=value)
        return known


def turn(address: str, subject: int, among: int) -> int:
    """How many blocks a node waits before it does what any node may do: 0 to `among` - 1.

    Each subject gives another order, so that the gas of such acts is spread over the nodes.
    """
    seed = keccak(bytes.fromhex(address[2:]) + subject.to_bytes(32, "big"))
    return int.from_bytes(seed, "big") % max(among, 1)
