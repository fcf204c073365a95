# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What both halves of the JobsManager ask of other contracts
@license MIT
@notice The protocol's clock, where collaborators are, and how far a claim's windows have come.
"""

from ..governance import manager
from ..interfaces import IBeacon
from ..interfaces import IJobsManager
from ..lib import names
from . import claims
from . import jobs
from . import ledger

uses: manager
uses: claims
uses: jobs


@internal
@view
def running_clock() -> uint256:
    manager.when_system_not_paused()
    return manager.protocol_clock()


@internal
@view
def bonding() -> address:
    return manager.contract_at(names.BONDING_MANAGER)


@internal
@view
def treasury() -> address:
    treasury: address = manager.contract_at(names.TREASURY)
    if treasury == empty(address):
        return ledger.BURN
    return treasury


@internal
@view
def windows(_claim: claims.View) -> (bytes32, IJobsManager.Deadlines):
    seed: bytes32 = empty(bytes32)
    proven_at: uint256 = 0
    seed, proven_at = staticcall IBeacon(manager.contract_at(names.RANDAO_BEACON)).proven(
        claims.seed_block(_claim.state)
    )
    return seed, claims.deadlines(_claim, proven_at)


@internal
@view
def parties(_jobId: uint256, _claimId: uint256, _claim: claims.View) -> DynArray[address, 66]:
    parties: DynArray[address, 66] = [
        jobs.broadcaster(_jobId), jobs.signer(_jobId, _claim.job_state)
    ]
    for i: uint256 in range(claims.challenges(_claim.progress), bound=64):
        challenger: address = empty(address)
        index: uint256 = 0
        challenger, index = claims.challenge_at(_jobId, _claimId, i)
        parties.append(challenger)
    return parties
