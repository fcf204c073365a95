# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Roles
@license MIT
@notice Who may do what, by role. DEFAULT_ADMIN_ROLE grants and revokes every role, its own included.
"""

from ..interfaces import ILivepeerToken

DEFAULT_ADMIN_ROLE: public(constant(bytes32)) = empty(bytes32)

# IERC165 and IAccessControl.
SUPPORTED_INTERFACES: constant(bytes4[2]) = [0x01ffc9a7, 0x7965db0b]

hasRole: public(HashMap[bytes32, HashMap[address, bool]])


@external
def grantRole(role: bytes32, account: address):
    """
    @notice Gives an account a role. Only holders of DEFAULT_ADMIN_ROLE may.
    @param role The role: keccak256 of its name.
    @param account Who gets it.
    """
    self.only_role(DEFAULT_ADMIN_ROLE)

    self.grant(role, account)


@external
def revokeRole(role: bytes32, account: address):
    """
    @notice Takes a role from an account. Only holders of DEFAULT_ADMIN_ROLE may.
    @param role The role.
    @param account Who loses it.
    """
    self.only_role(DEFAULT_ADMIN_ROLE)

    self._revoke(role, account)


@external
def renounceRole(role: bytes32, account: address):
    """
    @notice Gives up a role.
    @param role The role.
    @param account Must be the caller; a guard against mistakes.
    """
    assert account == msg.sender, "AccessControl: can only renounce roles for self"

    self._revoke(role, account)


@external
@view
def getRoleAdmin(role: bytes32) -> bytes32:
    """
    @notice The role that grants and revokes another.
    @param role The other role.
    @return DEFAULT_ADMIN_ROLE, whatever the role.
    """
    return DEFAULT_ADMIN_ROLE


@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice ERC-165.
    @param interfaceId The interface asked about.
    @return True for ERC-165 and IAccessControl.
    """
    return interfaceId in SUPPORTED_INTERFACES


@internal
@view
def only_role(_role: bytes32):
    assert self.hasRole[_role][msg.sender], "AccessControl: caller is missing role"


@internal
def grant(_role: bytes32, _account: address):
    if not self.hasRole[_role][_account]:
        self.hasRole[_role][_account] = True
        log ILivepeerToken.RoleGranted(role=_role, account=_account, sender=msg.sender)


@internal
def _revoke(_role: bytes32, _account: address):
    if self.hasRole[_role][_account]:
        self.hasRole[_role][_account] = False
        log ILivepeerToken.RoleRevoked(role=_role, account=_account, sender=msg.sender)
