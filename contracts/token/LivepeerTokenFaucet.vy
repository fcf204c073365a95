# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title LivepeerTokenFaucet
@license MIT
@notice Gives test LPT to whoever asks, an amount at a time.
@custom:pause None; it runs dry.
"""

from ..interfaces import ILivepeerToken
from ..interfaces import ILivepeerTokenFaucet

implements: ILivepeerTokenFaucet

owner: public(address)
token: public(address)

# LPT wei per request, and hours between two requests of one account.
requestAmount: public(uint256)
requestWait: public(uint256)

# Unix time from which an account may ask again.
nextValidRequest: public(HashMap[address, uint256])

# Accounts that need not wait.
isWhitelisted: public(HashMap[address, bool])


@deploy
def __init__(_token: address, _requestAmount: uint256, _requestWait: uint256):
    """
    @param _token LPT.
    @param _requestAmount LPT wei per request.
    @param _requestWait Hours between two requests of one account.
    """
    self.owner = msg.sender
    self.token = _token
    self.requestAmount = _requestAmount
    self.requestWait = _requestWait

    log ILivepeerTokenFaucet.OwnershipTransferred(previousOwner=empty(address), newOwner=msg.sender)


@external
def addToWhitelist(_addr: address):
    """
    @notice Lets an account ask without waiting. Only the owner may.
    @param _addr The account.
    """
    self._only_owner()

    self.isWhitelisted[_addr] = True


@external
def removeFromWhitelist(_addr: address):
    """
    @notice Makes an account wait again. Only the owner may.
    @param _addr The account.
    """
    self._only_owner()

    self.isWhitelisted[_addr] = False


@external
def transferOwnership(newOwner: address):
    """
    @notice Hands the faucet to another owner.
    @param newOwner Who owns it from now on.
    """
    self._only_owner()
    assert newOwner != empty(address), "newOwner is a null address"

    previous: address = self.owner
    self.owner = newOwner

    log ILivepeerTokenFaucet.OwnershipTransferred(previousOwner=previous, newOwner=newOwner)


@external
def request():
    """
    @notice Sends the caller LPT.
    """
    whitelisted: bool = self.isWhitelisted[msg.sender]
    if not whitelisted:
        assert block.timestamp >= self.nextValidRequest[msg.sender], "too early to request again"

    amount: uint256 = self.requestAmount
    if not whitelisted:
        self.nextValidRequest[msg.sender] = block.timestamp + self.requestWait * 3_600

    sent: bool = extcall ILivepeerToken(self.token).transfer(msg.sender, amount)
    assert sent, "token transfer failed"

    log ILivepeerTokenFaucet.Request(to=msg.sender, amount=amount)


@internal
@view
def _only_owner():
    assert msg.sender == self.owner, "caller must be owner"
