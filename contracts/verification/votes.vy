# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Votes
@license MIT
@notice Seats commit to verdict and measurements, then reveal both. The reveal that makes a first stage unanimous
        concludes the request.
"""

from ..interfaces import IVerifierCommittee
from ..lib import reasons
from ..lib import signatures
from . import phases
from . import requests
from . import seating
from . import unanimity

uses: phases
uses: requests
uses: seating
uses: unanimity


@external
def commitVerdicts(_commitments: DynArray[IVerifierCommittee.Commitment, 32]):
    """
    @notice Commits the caller's verdicts on requests in which it sits.
    @param _commitments Request, seat and commitment of each.
    """
    clock: uint256 = phases.running_clock()
    for each: IVerifierCommittee.Commitment in _commitments:
        state: uint256 = requests.state(each.request)
        phases.check_voting(state)
        if each.seat >= requests.seats(state):
            reasons.fail("seat does not exist")
        stage: uint256 = requests.stage(state)
        place: uint256 = requests.place(each.request)
        if seating.holder(each.request, place, stage, each.seat) != msg.sender:
            reasons.fail("caller does not hold the seat")
        if clock > phases.commit_by(state):
            reasons.fail("commit window has passed")
        if requests.has_committed(state, each.seat):
            reasons.fail("seat has committed")

        requests.set_state(each.request, state | (1 << (requests.COMMITTED + each.seat)))
        requests.set_vote(
            each.request, stage, each.seat, requests.bound(each.commitment, msg.sender)
        )

        log IVerifierCommittee.VerdictCommitted(
            request=each.request, verifier=msg.sender, stage=stage, commitment=each.commitment
        )


@external
@nonreentrant
def revealVerdicts(_reveals: DynArray[IVerifierCommittee.Reveal, 32]):
    """
    @notice Reveals verdicts the caller has committed, once the commit window is over or every seat has committed.
    @param _reveals Request, seat, verdict, measurements and salt of each.
    """
    clock: uint256 = phases.running_clock()
    domain: bytes32 = signatures.domain()
    for each: IVerifierCommittee.Reveal in _reveals:
        state: uint256 = requests.state(each.request)
        phases.check_voting(state)
        # Only the seat's holder could commit, and only its own address matches what was stored.
        if each.seat >= requests.seats(state) or not requests.has_committed(state, each.seat):
            reasons.fail("seat has not committed")
        if requests.has_revealed(state, each.seat):
            reasons.fail("seat has revealed")
        if clock <= phases.commit_by(state) and not phases.all_committed(state):
            reasons.fail("commit window is open")
        if clock > phases.reveal_by(state):
            reasons.fail("reveal window has passed")
        if each.verdict == 0 or each.verdict > 3:
            reasons.fail("verdict out of range")

        stage: uint256 = requests.stage(state)
        root: bytes32 = keccak256(abi_encode(each.scores, each.details))
        digest: bytes32 = phases.digest(
            domain, each.request, stage, msg.sender, each.verdict, root, each.salt
        )
        if requests.bound(digest, msg.sender) != requests.vote(each.request, stage, each.seat):
            reasons.fail("reveal does not match the commitment")

        state |= (1 << (requests.REVEALED + each.seat)) | (
            convert(each.verdict, uint256) << (requests.VERDICTS + 2 * each.seat)
        )
        requests.set_vote(each.request, stage, each.seat, each.scores)

        log IVerifierCommittee.VerdictRevealed(
            request=each.request,
            verifier=msg.sender,
            stage=stage,
            verdict=each.verdict,
            scores=each.scores,
            details=each.details,
        )
        if unanimity.is_reached(state):
            unanimity.conclude(each.request, state)
        else:
            requests.set_state(each.request, state)
