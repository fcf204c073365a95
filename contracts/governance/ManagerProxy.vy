# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title ManagerProxy
@license MIT
@notice Keeps the state of one upgradeable contract and runs every call by the code registered for it with the
        Controller, so that an upgrade is a change of one Controller entry.
@dev Slots 0 and 1 are the manager module's, here and in every target.
     No reentrancy lock here: lock and target would share it under delegatecall and every call would fail.
@custom:pause Nothing of its own; targets ask the Controller.
"""

from ..interfaces import IController
from . import manager

initializes: manager

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
)


# Part of every Manager's ABI; here it comes from the target's code.
event ParameterUpdate:
    param: String[64]


# The largest answer that passes, in bytes: 76 words of data and their ABI head. An answer this long or longer is
# refused, since the EVM would hand it on cut short without a word. The memory costs 530 gas a call.
MAX_RETURN: constant(uint256) = 2_432 + 128

# Slot 1 in code, which spares every call a cold read of 2,100 gas.
TARGET_CONTRACT_ID: immutable(bytes32)


@deploy
def __init__(_controller: address, _targetContractId: bytes32):
    """
    @param _controller The Controller that knows the target.
    @param _targetContractId keccak256 of the name the target is registered under.
    """
    manager.__init__(_controller)
    manager.targetContractId = _targetContractId
    TARGET_CONTRACT_ID = _targetContractId


@external
@payable
@raw_return
def __default__() -> Bytes[MAX_RETURN]:
    """
    @notice Runs the call by the target's code on this contract's state. Failures pass through unchanged.
    """
    target: address = staticcall IController(manager.controller).getContract(
        TARGET_CONTRACT_ID, skip_contract_check=True
    )
    # A delegatecall to an address without code succeeds and does nothing.
    assert target.is_contract, "target contract must be registered"

    response: Bytes[MAX_RETURN] = raw_call(
        target, msg.data, max_outsize=MAX_RETURN, is_delegate_call=True
    )
    assert len(response) < MAX_RETURN, "return data too long"
    return response
