"""Moving a request on where anybody may: whoever waits for the outcome sees to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offchain.chain.seeds import ensure_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.chain.acts import Acts
    from offchain.chain.onchain import OnChain

SEATING, COMMIT, REVEAL, TALLY, APPEAL, CONCLUDED = 1, 2, 3, 4, 5, 6


async def move_on(
    node: OnChain, acts: Acts, head: int, clock: int, number: int, request: Mapping[str, Any]
) -> None:
    """Seat a stage whose seed is there, tally a vote that is over, let a verdict stand."""
    stage, phase = request["stage"], request["phase"]
    committee = node.contracts.VerifierCommittee
    if phase == SEATING:
        block = request["seedBlock"]
        if not await ensure_seed(node.client, node.contracts, acts, head, block):
            return
        seating = await acts.ensure(head, f"seat:{number}:{stage}", committee, "seatStage", number)
        if seating.reason != "seat window has passed":
            return
    elif phase == APPEAL:
        if clock <= request["appealBy"]:
            return
    elif not vote_is_over(request):
        return
    await acts.ensure(head, f"conclude:{number}:{stage}:{phase}", committee, "conclude", number)


def vote_is_over(request: Mapping[str, Any]) -> bool:
    """Whether nothing more can be committed or revealed: it need not wait for the window's end."""
    if request["phase"] == REVEAL:
        everybody: bool = request["revealed"] >= request["committed"]
        return everybody
    return bool(request["phase"] == TALLY)


def due_for(request: Mapping[str, Any], head: int, clock: int) -> int | None:
    """For how many blocks somebody could have moved the request on; None if nobody can yet, and -1
    for a vote that ended before its window, which nothing dates."""
    phase = request["phase"]
    if phase == SEATING:
        waited = head - request["seedBlock"] - 1
    elif phase == APPEAL:
        waited = clock - request["appealBy"] - 1
    elif phase == TALLY:
        waited = clock - request["revealBy"] - 1
    elif vote_is_over(request):
        return -1
    else:
        return None
    return waited if waited >= 0 else None
