# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title ServiceRegistry
@license MIT
@notice Where each account can be reached: an address and the URI it gives for itself.
@dev Runs behind a ManagerProxy. A URI longer than 512 bytes is refused.
@custom:pause None.
"""

from ..interfaces import IServiceRegistry

implements: IServiceRegistry

from ..governance import manager

initializes: manager

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
)


# Part of every Manager's ABI; there are no parameters here.
event ParameterUpdate:
    param: String[64]


_service_uris: HashMap[address, String[512]]


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller this contract hangs on.
    """
    manager.__init__(_controller)


@external
def setServiceURI(_serviceURI: String[512]):
    """
    @notice Says where the caller can be reached.
    @param _serviceURI URI of at most 512 bytes; empty to be found no more.
    """
    self._service_uris[msg.sender] = _serviceURI

    log IServiceRegistry.ServiceURIUpdate(addr=msg.sender, serviceURI=_serviceURI)


@external
@view
def getServiceURI(_addr: address) -> String[512]:
    """
    @notice Where an account can be reached.
    @param _addr The account.
    @return The URI it gave for itself, or an empty string.
    """
    return self._service_uris[_addr]
