# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What the committee owes
@license MIT
@notice Credits of ETH and of LPT, withdrawn by pull.
"""

from ..interfaces import IVerifierCommittee
from ..lib import reasons


# wei
credits: public(HashMap[address, uint256])

# LPT wei
tokenCredits: public(HashMap[address, uint256])


@internal
def credit(_account: address, _amount: uint256):
    if _amount == 0:
        return

    self.credits[_account] += _amount

    log IVerifierCommittee.Credited(account=_account, amount=_amount)


@internal
def credit_tokens(_account: address, _amount: uint256):
    self.tokenCredits[_account] += _amount


@internal
def pay_out(_account: address) -> uint256:
    """
    @dev Pays all of an account's credit. A recipient that refuses only fails its own withdrawal.
    """
    amount: uint256 = self.credits[_account]
    if amount == 0:
        reasons.fail("nothing to withdraw")

    self.credits[_account] = 0

    raw_call(_account, b"", value=amount)
    log IVerifierCommittee.Withdrawn(account=_account, amount=amount)
    return amount


@internal
def take_tokens(_account: address) -> uint256:
    amount: uint256 = self.tokenCredits[_account]
    if amount == 0:
        reasons.fail("nothing to withdraw")

    self.tokenCredits[_account] = 0

    log IVerifierCommittee.TokensWithdrawn(account=_account, amount=amount)
    return amount
