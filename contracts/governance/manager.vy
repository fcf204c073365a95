# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What every contract that hangs on the Controller shares
@license MIT
@notice Holds the Controller's address, finds collaborators through it and answers who may call.
@dev Initialise this module first: `controller` is slot 0 and `targetContractId` slot 1 of a proxied
     target and of its ManagerProxy alike, which is what makes their layouts agree.
     Each helper makes at most one call; keep its result in a local instead of asking twice. Nobody asks whether the
     Controller has code: an answer of nothing does not decode.
"""

from ..interfaces import IController
from ..interfaces import IManager


# Slot 0.
controller: public(address)

# Slot 1. Set in proxies only: the name under which the Controller knows the target.
targetContractId: public(bytes32)


@deploy
def __init__(_controller: address):
    self.controller = _controller


@external
def setController(_controller: address):
    """
    @notice Moves this contract to another Controller. Only the current Controller may.
    @param _controller The new Controller.
    """
    self.only_controller()

    self.controller = _controller

    log IManager.SetController(controller=_controller)


@internal
@view
def only_controller():
    assert msg.sender == self.controller, "caller must be Controller"


@internal
@view
def only_controller_owner():
    owner: address = staticcall IController(self.controller).owner(skip_contract_check=True)
    assert msg.sender == owner, "caller must be Controller owner"


@internal
@view
def when_system_not_paused():
    assert not staticcall IController(self.controller).paused(
        skip_contract_check=True
    ), "system is paused"


@internal
@view
def when_system_paused():
    assert staticcall IController(self.controller).paused(
        skip_contract_check=True
    ), "system is not paused"


@internal
@view
def contract_at(_id: bytes32) -> address:
    """
    @dev The address registered under `_id`, or zero.
    """
    return staticcall IController(self.controller).getContract(_id, skip_contract_check=True)


@internal
@view
def protocol_clock() -> uint256:
    """
    @dev Blocks passed while the system was not paused. Windows run on this, so that a pause costs nobody a right.
    """
    return block.number - staticcall IController(self.controller).pausedBlocks(
        skip_contract_check=True
    )


@internal
def parameter_updated(_name: String[64]):
    log IManager.ParameterUpdate(param=_name)
