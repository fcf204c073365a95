# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What stands behind a transcoder's claims
@license MIT
@notice Keeps its stake within reach, and notes how much that is and which round the work falls into.
@dev The BondingManager is asked for the stake only once in a while, since asking costs as much as a claim: when a job is
     accepted, or in the first claim after what was noted has run out.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..interfaces import IRoundsManager
from ..lib import names
from . import context
from . import ledger
from . import parameters

uses: manager
uses: context
uses: parameters


@internal
def noted(_transcoder: address, _account: uint256, _clock: uint256) -> uint256:
    """
    @dev The account with its stake backed and noted anew if what was noted has run out.
         Only what is bonded is noted: locks made before may be withdrawn any time. What is bonded now
         cannot leave meanwhile: a lock made after this block matures later than any
         dispute over a claim made within a quarter of the longest, that being at most 0.8 of the unbonding period.
    """
    if ledger.is_stake_fresh(_account):
        return _account

    bonding: address = context.bonding()
    stake: uint256 = staticcall IBondingManager(bonding).pendingStake(_transcoder, 0)
    round: uint256 = staticcall IBondingManager(bonding).lastSnapshotRound()
    current: uint256 = 0
    initialised: bool = False
    locked: bool = False
    start: uint256 = 0
    rounds: address = manager.contract_at(names.ROUNDS_MANAGER)
    current, initialised, locked, start = staticcall IRoundsManager(rounds).roundState()
    dispute: uint256 = parameters.longestDispute
    slack: uint256 = dispute // 4
    extcall IBondingManager(bonding).backWork(_transcoder, _clock + dispute + slack)

    # While the current round is not initialised it may be at any time, in this block too.
    round_until: uint256 = block.number - 1
    if round == current:
        round_until = start + staticcall IRoundsManager(rounds).roundLength() - 1
    return ledger.refreshed(_account, block.number + slack, round_until, round, stake)


@internal
@view
def with_round(_account: uint256) -> uint256:
    """
    @dev The account with the last round that began.
    """
    if ledger.is_round_fresh(_account):
        return _account

    return ledger.in_round(
        _account, staticcall IBondingManager(context.bonding()).lastSnapshotRound()
    )
