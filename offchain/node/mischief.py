"""Misbehaving on purpose, for tests and demonstrations: refused on every chain that matters.

A worker can cheat at its work (`--cheat`), or say the opposite of what it measured once in a
committee (`--stubborn`). Both end with less stake than they began with.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from offchain.committee.case import FIRST_STAGE
from offchain.committee.seat import Seat
from offchain.node.errors import BadSetup
from offchain.verify.judgement import INVALID, VALID

if TYPE_CHECKING:
    from offchain.chain.deployments import Deployment
    from offchain.committee.case import Case
    from offchain.committee.weigh import Weighed

log = logging.getLogger("livepeer.worker")

# What Ganache and Geth's developer mode, and what anvil and Hardhat call their chains.
DEVELOPMENT_CHAINS = frozenset({1337, 31337})
STUBBORN_SEAT = 0


def check_allowed(deployment: Deployment) -> None:
    """Raise `BadSetup` unless this is a deployment for development on a development chain."""
    if deployment.production:
        raise BadSetup("cheating is for development chains; this deployment is for production")
    if deployment.chain_id not in DEVELOPMENT_CHAINS:
        known = " and ".join(str(each) for each in sorted(DEVELOPMENT_CHAINS))
        raise BadSetup(f"cheating is for development chains ({known}), not {deployment.chain_id}")


def parse_cheat(text: str) -> str:
    """The name of a way of cheating; raises `BadSetup` for any other word."""
    from offchain.verify.cheats import Cheat  # it brings the codecs with it

    try:
        return Cheat(text).value
    except ValueError:
        known = ", ".join(Cheat)
        raise BadSetup(f"nobody cheats by {text!r}; there are {known}") from None


class StubbornSeat(Seat):
    """Votes against what it measured where it holds the first chair of one request, once.

    Given to every seat, it makes exactly one of them stubborn, whoever is drawn.
    """

    def __init__(self, *parts: Any, request: int) -> None:
        super().__init__(*parts)
        self._request = request

    async def _decide(self, case: Case, weighed: Weighed) -> None:
        chair = self._chairs[case.request, case.stage]
        place = case.request, case.stage, chair.seat
        if place == (self._request, FIRST_STAGE, STUBBORN_SEAT):
            verdict = INVALID if weighed.verdict == VALID else VALID
            log.warning("this seat is stubborn", extra={"request": case.request, "says": verdict})
            weighed = replace(weighed, verdict=verdict, reason="stubbornness")
        await super()._decide(case, weighed)
