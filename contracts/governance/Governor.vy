# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Governor
@license MIT
@notice Owns the Controller and changes the protocol with notice: an update is staged by the owner, waits for its
        delay in the open, and is then executed by anybody.
@dev At most 16 calls an update, 2,048 bytes of data a call. Ownership changes by an update like anything else.
@custom:pause None of its own; pausing the system is an update.
"""

from ..interfaces import IGovernor

implements: IGovernor

owner: public(address)

# Block from which a staged update may be executed, by the keccak256 of its ABI encoding; 0 if not staged.
updates: public(HashMap[bytes32, uint256])


@deploy
def __init__():
    self.owner = msg.sender

    log IGovernor.OwnershipTransferred(previousOwner=empty(address), newOwner=msg.sender)


@external
def transferOwnership(newOwner: address):
    """
    @notice Hands the right to stage and cancel to another. Only by way of an update.
    @param newOwner Who has it from now on.
    """
    assert msg.sender == self, "unauthorized: msg.sender not Governor"
    assert newOwner != empty(address), "newOwner is a null address"

    previous: address = self.owner
    self.owner = newOwner

    log IGovernor.OwnershipTransferred(previousOwner=previous, newOwner=newOwner)


@external
def stage(_update: IGovernor.Update, _delay: uint256):
    """
    @notice Announces an update. Only the owner may.
    @param _update The calls to make.
    @param _delay Blocks from now until it may be executed.
    """
    self._only_owner()
    calls: uint256 = len(_update.target)
    assert (
        len(_update.value) == calls and len(_update.data) == calls
    ), "update arrays must be of equal length"
    update_hash: bytes32 = self._hash(_update)
    assert self.updates[update_hash] == 0, "update already staged"

    self.updates[update_hash] = block.number + _delay

    log IGovernor.UpdateStaged(update=_update, delay=_delay)


@external
@payable
def execute(_update: IGovernor.Update):
    """
    @notice Carries out a staged update whose delay has passed. Anybody may; a call that fails undoes it all and
            its own reason comes back.
    @param _update The calls, as staged.
    """
    update_hash: bytes32 = self._hash(_update)
    ready: uint256 = self.updates[update_hash]
    assert ready != 0, "update is not staged"
    assert block.number >= ready, "delay for update not expired"

    # First of all, so that no call made here can execute it again.
    self.updates[update_hash] = 0

    for i: uint256 in range(len(_update.target), bound=16):
        raw_call(_update.target[i], _update.data[i], value=_update.value[i])

    log IGovernor.UpdateExecuted(update=_update)


@external
def cancel(_update: IGovernor.Update):
    """
    @notice Withdraws a staged update. Only the owner may.
    @param _update The calls, as staged.
    """
    self._only_owner()
    update_hash: bytes32 = self._hash(_update)
    assert self.updates[update_hash] != 0, "update is not staged"

    self.updates[update_hash] = 0

    log IGovernor.UpdateCancelled(update=_update)


@internal
@view
def _only_owner():
    assert msg.sender == self.owner, "unauthorized: msg.sender not owner"


@internal
@pure
def _hash(_update: IGovernor.Update) -> bytes32:
    return keccak256(abi_encode(_update))
