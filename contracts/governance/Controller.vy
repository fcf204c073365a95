# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Controller
@license MIT
@notice Registry of the protocol's contracts and its pause switch. Contracts find each other here by the
        keccak256 of their name, so replacing one is a change of one entry.
@dev The owner can replace any contract at once; deployments hand ownership to the Governor, which adds a delay.
@custom:pause pause() and unpause() by the owner. A Controller starts paused.
"""

from ..interfaces import IController

implements: IController

from ..interfaces import IManager


struct ContractInfo:
    contractAddress: address
    gitCommitHash: bytes20


owner: public(address)

# pausedSince 128 (low; 0 = running) | blocks of finished pauses 128: one word answers paused() and pausedBlocks().
_pauses: uint256

_registry: HashMap[bytes32, ContractInfo]


@deploy
def __init__():
    self.owner = msg.sender
    self._pauses = block.number

    log IController.OwnershipTransferred(previousOwner=empty(address), newOwner=msg.sender)
    log IController.Pause()


@external
def setContractInfo(_id: bytes32, _contractAddress: address, _gitCommitHash: bytes20):
    """
    @notice Registers a contract, or replaces the one registered under the same name.
    @param _id keccak256 of the contract's name.
    @param _contractAddress The contract; zero removes the entry.
    @param _gitCommitHash Commit of the source the contract was built from.
    """
    self._only_owner()

    self._registry[_id] = ContractInfo(
        contractAddress=_contractAddress, gitCommitHash=_gitCommitHash
    )

    log IController.SetContractInfo(
        id=_id, contractAddress=_contractAddress, gitCommitHash=_gitCommitHash
    )


@external
def updateController(_id: bytes32, _controller: address):
    """
    @notice Moves a registered contract to another Controller.
    @param _id keccak256 of the contract's name.
    @param _controller The Controller it obeys from now on.
    """
    self._only_owner()

    extcall IManager(self._registry[_id].contractAddress).setController(_controller)


@external
def transferOwnership(newOwner: address):
    """
    @notice Hands the Controller to another owner.
    @param newOwner The account or contract that owns it from now on.
    """
    self._only_owner()
    assert newOwner != empty(address), "newOwner is a null address"

    previous: address = self.owner
    self.owner = newOwner

    log IController.OwnershipTransferred(previousOwner=previous, newOwner=newOwner)


@external
def pause():
    """
    @notice Stops the protocol: every call guarded by the pause reverts and its windows stand still.
    """
    self._only_owner()
    pauses: uint256 = self._pauses
    assert self._paused_since(pauses) == 0, "system is paused"

    self._pauses = pauses | block.number

    log IController.Pause()


@external
def unpause():
    """
    @notice Lets the protocol go on; the blocks spent paused do not count against any window.
    """
    self._only_owner()
    pauses: uint256 = self._pauses
    assert self._paused_since(pauses) != 0, "system is not paused"

    self._pauses = self._paused_blocks(pauses) << 128

    log IController.Unpause()


@external
@view
def paused() -> bool:
    """
    @notice Whether the protocol is paused.
    @return True while it is.
    """
    return self._paused_since(self._pauses) != 0


@external
@view
def pausedBlocks() -> uint256:
    """
    @notice How long the protocol has been paused in all. block.number minus this is the protocol's clock.
    @return Blocks since deployment, the running pause included.
    """
    return self._paused_blocks(self._pauses)


@external
@view
def getContract(_id: bytes32) -> address:
    """
    @notice Finds a contract.
    @param _id keccak256 of its name.
    @return Its address, or zero.
    """
    return self._registry[_id].contractAddress


@external
@view
def getContractInfo(_id: bytes32) -> (address, bytes20):
    """
    @notice Finds a contract and the source it was built from.
    @param _id keccak256 of its name.
    @return Its address and the commit hash it was registered with.
    """
    info: ContractInfo = self._registry[_id]
    return info.contractAddress, info.gitCommitHash


@internal
@view
def _only_owner():
    assert msg.sender == self.owner, "caller must be owner"


@internal
@pure
def _paused_since(_pauses: uint256) -> uint256:
    return _pauses & convert(max_value(uint128), uint256)


@internal
@view
def _paused_blocks(_pauses: uint256) -> uint256:
    finished: uint256 = _pauses >> 128
    since: uint256 = self._paused_since(_pauses)
    if since == 0:
        return finished
    return finished + block.number - since
