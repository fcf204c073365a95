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
