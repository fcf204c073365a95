# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What an account has with the committee
@license MIT
@notice Seats it holds in requests that are not concluded, how many its own stake can bear, and credits of ETH and of LPT
        that it withdraws by pull: one word, so that a seat is taken, left and paid by one write each.
@dev _accounts[account]: open seats 16 | seats its stake bears 16 | snapshot looked at 32 | ETH 95 | LPT 96 | known 1.
     Own bonded stake is looked at once for each snapshot an account is drawn from, and again after a fine or a conviction;
     looking each time would cost more than the rest of the request. `known` keeps the word from ever becoming
     zero again. ETH and LPT in existence fit their fields.
"""

from ..interfaces import IBondingManager
from ..interfaces import IVerifierCommittee
from ..lib import reasons

SEATS: constant(uint256) = 2**16 - 1
BEARS: constant(uint256) = 16
SEEN: constant(uint256) = 32
SEEN_MASK: constant(uint256) = 2**32 - 1
ETH: constant(uint256) = 64
ETH_MASK: constant(uint256) = 2**95 - 1
LPT: constant(uint256) = 159
LPT_MASK: constant(uint256) = 2**96 - 1
KNOWN: constant(uint256) = 1 << 255

# LPT wei of fines, waiting to be destroyed.
penaltiesToBurn: public(uint256)

_accounts: HashMap[address, uint256]


# ---------------------------------------------------------------- seats


@internal
def take_seat(
    _account: address, _snapshot: address, _bond: uint256, _bonding: address, _beyond: bool
) -> (bool, bool):
    """
    @dev Whether the account takes a seat, and whether it could if it had no other. It must not be barred, and own stake
         must cover the bond of every open seat and of this one; with `_beyond`, of one seat at least.
    """
    account: uint256 = self._accounts[_account] | KNOWN
    seen: uint256 = convert(_snapshot, uint256) & SEEN_MASK
    if (account >> SEEN) & SEEN_MASK != seen:
        bears: uint256 = 0
        if not staticcall IBondingManager(_bonding).isBarred(_account):
            stake: uint256 = staticcall IBondingManager(_bonding).pendingStake(_account, 0)
            bears = min(stake // _bond, SEATS)
        account = (account & ~((SEATS << BEARS) | (SEEN_MASK << SEEN))) | (bears << BEARS) | (
            seen << SEEN
        )
    bears: uint256 = (account >> BEARS) & SEATS
    limit: uint256 = bears
    if _beyond and bears != 0:
        limit = SEATS
    sits: bool = account & SEATS < limit
    if sits:
        account += 1
    self._accounts[_account] = account
    return sits, bears != 0


@internal
def leave_seat(_account: address, _pay: uint256, _prize: uint256):
    """
    @dev Leaves a seat with what it earned: wei and LPT wei.
    """
    self._accounts[_account] = self._accounts[_account] + (_pay << ETH) + (_prize << LPT) - 1


@internal
def look_again(_account: address):
    """
    @dev Own stake may have become less: it is looked at before the next seat.
    """
    self._accounts[_account] &= ~(SEEN_MASK << SEEN)


@external
@view
def openSeats(_verifier: address) -> uint256:
    """
    @notice Seats an account holds in requests that are not concluded.
    @param _verifier The account.
    @return How many.
    """
    return self._accounts[_verifier] & SEATS


# ---------------------------------------------------------------- money


@external
@view
def credits(_account: address) -> uint256:
    """
    @notice What an account can withdraw in ETH.
    @param _account The account.
    @return Wei.
    """
    return (self._accounts[_account] >> ETH) & ETH_MASK


@external
@view
def tokenCredits(_account: address) -> uint256:
    """
    @notice What an account can withdraw in LPT.
    @param _account The account.
    @return LPT wei.
    """
    return (self._accounts[_account] >> LPT) & LPT_MASK


@internal
def credit(_account: address, _amount: uint256):
    if _amount == 0:
        return

    self._accounts[_account] = (self._accounts[_account] | KNOWN) + (_amount << ETH)

    log IVerifierCommittee.Credited(account=_account, amount=_amount)


@internal
def pay_out(_account: address) -> uint256:
    """
    @dev Pays all of an account's ETH. A recipient that refuses only fails its own withdrawal.
    """
    account: uint256 = self._accounts[_account]
    amount: uint256 = (account >> ETH) & ETH_MASK
    if amount == 0:
        reasons.fail("nothing to withdraw")

    self._accounts[_account] = account - (amount << ETH)

    raw_call(_account, b"", value=amount)
    log IVerifierCommittee.Withdrawn(account=_account, amount=amount)
    return amount


@internal
def take_tokens(_account: address) -> uint256:
    """
    @dev All of an account's LPT, which the caller sends.
    """
    account: uint256 = self._accounts[_account]
    amount: uint256 = (account >> LPT) & LPT_MASK
    if amount == 0:
        reasons.fail("nothing to withdraw")

    self._accounts[_account] = account - (amount << LPT)

    log IVerifierCommittee.TokensWithdrawn(account=_account, amount=amount)
    return amount
