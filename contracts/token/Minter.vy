# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Minter
@license MIT
@notice Holds all LPT and ETH of the protocol, mints each round's new LPT and pays out on the word of the
        BondingManager and the JobsManager.
@dev Inflation, its change and the target bonding rate are parts of 10^9. The supply they refer to is the token's
     own: there is one chain.
@custom:pause Minting and paying out stop while the Controller is paused; deposits stay open.
"""

from ..interfaces import IController
from ..interfaces import ILivepeerToken
from ..interfaces import IMinter

implements: IMinter

from ..governance import manager

initializes: manager

from ..lib import names

exports: (
    manager.controller,
    manager.setController,
)


interface BondingManager:
    def getTotalBonded() -> uint256: view


PERC_DIVISOR: constant(uint256) = 1_000_000_000

M30: constant(uint256) = 2**30 - 1
M83: constant(uint256) = 2**83 - 1

# All that a round or a reward needs: currentMintableTokens 83 (low) | currentMintedTokens 83, in LPT wei, which is 9.6
# million LPT a round at most | inflation 30 | inflationChange 30 | targetBondingRate 30, each in parts of 10^9.
MINTED_AT: constant(uint256) = 83
INFLATION_AT: constant(uint256) = 166
CHANGE_AT: constant(uint256) = 196
TARGET_AT: constant(uint256) = 226

_issue: uint256


@deploy
def __init__(
    _controller: address,
    _inflation: uint256,
    _inflationChange: uint256,
    _targetBondingRate: uint256,
):
    """
    @param _controller The Controller this contract finds its collaborators through.
    @param _inflation New LPT per round as a part of the supply.
    @param _inflationChange By how much inflation moves each round.
    @param _targetBondingRate Bonded part of the supply below which inflation rises and above which it falls.
    """
    manager.__init__(_controller)
    assert _inflation <= PERC_DIVISOR, "_inflation is invalid percentage"
    assert _inflationChange <= PERC_DIVISOR, "_inflationChange is invalid percentage"
    assert _targetBondingRate <= PERC_DIVISOR, "_targetBondingRate is invalid percentage"

    self._issue = (
        (_inflation << INFLATION_AT)
        | (_inflationChange << CHANGE_AT)
        | (_targetBondingRate << TARGET_AT)
    )


@external
def setInflationChange(_inflationChange: uint256):
    """
    @notice Sets by how much inflation moves each round. Only the Controller's owner may.
    @param _inflationChange Part of 10^9.
    """
    manager.only_controller_owner()
    assert _inflationChange <= PERC_DIVISOR, "_inflationChange is invalid percentage"

    issue: uint256 = self._issue
    self._issue = issue ^ ((self._change(issue) ^ _inflationChange) << CHANGE_AT)

    manager.parameter_updated("inflationChange")


@external
def setTargetBondingRate(_targetBondingRate: uint256):
    """
    @notice Sets the bonded part of the supply that inflation steers to. Only the Controller's owner may.
    @param _targetBondingRate Part of 10^9.
    """
    manager.only_controller_owner()
    assert _targetBondingRate <= PERC_DIVISOR, "_targetBondingRate is invalid percentage"

    issue: uint256 = self._issue
    self._issue = issue ^ ((self._target(issue) ^ _targetBondingRate) << TARGET_AT)

    manager.parameter_updated("targetBondingRate")


@external
def migrateToNewMinter(_newMinter: address):
    """
    @notice Moves all LPT and ETH to a new Minter, while the system is paused. Only the Controller's owner may.
    @param _newMinter The new Minter, under the same Controller, before it is registered in this one's place.
    """
    manager.only_controller_owner()
    manager.when_system_paused()
    assert _newMinter != self, "new Minter cannot be current Minter"
    assert _newMinter != empty(address), "new Minter cannot be null address"
    new_controller: address = staticcall IMinter(_newMinter).getController()
    assert new_controller == manager.controller, "new Minter Controller must be current Controller"
    assert manager.contract_at(names.MINTER) == self, "new Minter must be registered"

    token: address = manager.contract_at(names.LIVEPEER_TOKEN)
    balance: uint256 = staticcall ILivepeerToken(token).balanceOf(self)
    moved: bool = extcall ILivepeerToken(token).transfer(_newMinter, balance)
    assert moved, "token transfer failed"
    deposited: bool = extcall IMinter(_newMinter).depositETH(value=self.balance)
    assert deposited, "ETH deposit failed"


@external
def createReward(_fracNum: uint256, _fracDenom: uint256) -> uint256:
    """
    @notice Mints a share of the round's new LPT into this contract. Only the BondingManager may.
    @param _fracNum Numerator of the share: a transcoder's active stake.
    @param _fracDenom Denominator of the share: all active stake.
    @return LPT wei minted, rounded down.
    """
    self._only_bonding_manager()
    manager.when_system_not_paused()

    issue: uint256 = self._issue
    mintable: uint256 = self._mintable(issue)
    amount: uint256 = mintable * (_fracNum * PERC_DIVISOR // _fracDenom) // PERC_DIVISOR
    assert self._minted(issue) + amount <= mintable, "minted tokens cannot exceed mintable tokens"
    self._issue = issue + (amount << MINTED_AT)

    token: address = manager.contract_at(names.LIVEPEER_TOKEN)
    extcall ILivepeerToken(token).mint(self, amount)

    return amount


@external
def trustedTransferTokens(_to: address, _amount: uint256):
    """
    @notice Pays LPT out. Only the BondingManager may.
    @param _to Who receives it.
    @param _amount LPT wei.
    """
    self._only_bonding_manager()
    manager.when_system_not_paused()

    token: address = manager.contract_at(names.LIVEPEER_TOKEN)
    sent: bool = extcall ILivepeerToken(token).transfer(_to, _amount)
    assert sent, "token transfer failed"


@external
def trustedBurnTokens(_amount: uint256):
    """
    @notice Destroys LPT held here. Only the BondingManager may.
    @param _amount LPT wei.
    """
    self._only_bonding_manager()
    manager.when_system_not_paused()

    token: address = manager.contract_at(names.LIVEPEER_TOKEN)
    extcall ILivepeerToken(token).burn(_amount)


@external
def trustedWithdrawETH(_to: address, _amount: uint256):
    """
    @notice Pays ETH out. Only the BondingManager and the contracts that take payments may.
    @dev The receiver runs code with all the gas there is. Callers settle their books before they call; this
         contract keeps none that a second entry could find half written.
    @param _to Who receives it.
    @param _amount Wei.
    """
    if msg.sender != manager.contract_at(names.BONDING_MANAGER):
        assert self._takes_payments(msg.sender), "msg.sender not BondingManager or JobsManager"
    manager.when_system_not_paused()
    assert self.balance >= _amount, "insufficient ETH in Minter"

    sent: bool = raw_call(_to, b"", value=_amount, revert_on_failure=False)
    assert sent, "ETH transfer failed"


@external
@payable
def depositETH() -> bool:
    """
    @notice Takes ETH in, from the contracts that take payments, or from the Minter this one replaces.
    @return True.
    """
    if msg.sender != manager.contract_at(names.MINTER):
        assert self._takes_payments(msg.sender), "msg.sender not Minter or JobsManager"
    return True


@external
def setCurrentRewardTokens():
    """
    @notice Moves inflation towards the target bonding rate and sets what may be minted in the round now starting.
            Only the RoundsManager may.
    """
    caller: address = manager.contract_at(names.ROUNDS_MANAGER)
    assert msg.sender == caller, "msg.sender not RoundsManager"
    manager.when_system_not_paused()

    supply: uint256 = self._supply()
    bonding_rate: uint256 = 0
    if supply > 0:
        bonding_manager: address = manager.contract_at(names.BONDING_MANAGER)
        bonded: uint256 = staticcall BondingManager(bonding_manager).getTotalBonded()
        bonding_rate = bonded * PERC_DIVISOR // supply

    issue: uint256 = self._issue
    inflation: uint256 = self._inflation(issue)
    change: uint256 = self._change(issue)
    target: uint256 = self._target(issue)
    if bonding_rate < target:
        inflation = min(inflation + change, M30)
    elif bonding_rate > target:
        inflation -= min(change, inflation)
    mintable: uint256 = min(supply * inflation // PERC_DIVISOR, M83)
    self._issue = (
        mintable | (inflation << INFLATION_AT) | (change << CHANGE_AT) | (target << TARGET_AT)
    )

    log IMinter.SetCurrentRewardTokens(currentMintableTokens=mintable, currentInflation=inflation)


@external
@view
def getController() -> address:
    """
    @notice The Controller this contract finds its collaborators through.
    @return Its address.
    """
    return manager.controller


@external
@view
def getGlobalTotalSupply() -> uint256:
    """
    @notice The supply that inflation refers to.
    @return LPT wei.
    """
    return self._supply()


@external
@view
def inflation() -> uint256:
    """
    @notice New LPT per round.
    @return Part of the supply, of 10^9.
    """
    return self._inflation(self._issue)


@external
@view
def inflationChange() -> uint256:
    """
    @notice By how much inflation moves each round.
    @return Part of 10^9.
    """
    return self._change(self._issue)


@external
@view
def targetBondingRate() -> uint256:
    """
    @notice The bonded part of the supply that inflation steers to.
    @return Part of 10^9.
    """
    return self._target(self._issue)


@external
@view
def currentMintableTokens() -> uint256:
    """
    @notice What may be minted in the current round in all.
    @return LPT wei.
    """
    return self._mintable(self._issue)


@external
@view
def currentMintedTokens() -> uint256:
    """
    @notice What has been minted in the current round so far.
    @return LPT wei.
    """
    return self._minted(self._issue)


@internal
@view
def _only_bonding_manager():
    bonding_manager: address = manager.contract_at(names.BONDING_MANAGER)
    assert msg.sender == bonding_manager, "msg.sender not BondingManager"


@internal
@view
def _takes_payments(_caller: address) -> bool:
    if _caller == manager.contract_at(names.JOBS_MANAGER):
        return True
    return _caller == manager.contract_at(names.TICKET_BROKER)


@internal
@view
def _supply() -> uint256:
    token: address = manager.contract_at(names.LIVEPEER_TOKEN)
    return staticcall ILivepeerToken(token).totalSupply()


@internal
@pure
def _mintable(_packed: uint256) -> uint256:
    return _packed & M83


@internal
@pure
def _minted(_packed: uint256) -> uint256:
    return (_packed >> MINTED_AT) & M83


@internal
@pure
def _inflation(_packed: uint256) -> uint256:
    return (_packed >> INFLATION_AT) & M30


@internal
@pure
def _change(_packed: uint256) -> uint256:
    return (_packed >> CHANGE_AT) & M30


@internal
@pure
def _target(_packed: uint256) -> uint256:
    return _packed >> TARGET_AT
