# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title LivepeerToken
@license MIT
@notice LPT, the token that is staked: ERC-20 with approvals by signature (EIP-2612), minted and burned by role.
@dev Amounts are in LPT wei, 10^-18 LPT.
@custom:pause None: transfers never stop.
"""

from ..interfaces import ILivepeerToken

implements: ILivepeerToken

from . import roles

initializes: roles

exports: (
    roles.DEFAULT_ADMIN_ROLE,
    roles.getRoleAdmin,
    roles.grantRole,
    roles.hasRole,
    roles.renounceRole,
    roles.revokeRole,
    roles.supportsInterface,
)


# Part of the mirrored ABI; neither ever happens here.
event RoleAdminChanged:
    role: indexed(bytes32)
    previousAdminRole: indexed(bytes32)
    newAdminRole: indexed(bytes32)


event EIP712DomainChanged:
    pass


name: public(constant(String[14])) = "Livepeer Token"
symbol: public(constant(String[3])) = "LPT"
decimals: public(constant(uint8)) = 18

MINTER_ROLE: constant(bytes32) = keccak256("MINTER_ROLE")
BURNER_ROLE: constant(bytes32) = keccak256("BURNER_ROLE")

VERSION: constant(String[1]) = "1"
DOMAIN_TYPEHASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
PERMIT_TYPEHASH: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
# Half the order of secp256k1: each signature has one valid form.
MAX_S: constant(bytes32) = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])


@deploy
def __init__():
    roles.grant(roles.DEFAULT_ADMIN_ROLE, msg.sender)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves LPT of the caller.
    @param to Who receives it.
    @param amount LPT wei.
    @return True; failures revert.
    """
    self._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(_from: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves LPT of someone who approved the caller.
    @param _from Whose LPT it is.
    @param to Who receives it.
    @param amount LPT wei.
    @return True; failures revert.
    """
    self._spend_allowance(_from, msg.sender, amount)
    self._transfer(_from, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Lets another move LPT of the caller.
    @param spender Who may.
    @param amount LPT wei; the largest value stands for "without limit" and is never used up.
    @return True; failures revert.
    """
    self._approve(msg.sender, spender, amount)
    return True


@external
def increaseAllowance(spender: address, addedValue: uint256) -> bool:
    """
    @notice Raises what another may move.
    @param spender Who may.
    @param addedValue LPT wei on top of the present allowance.
    @return True; failures revert.
    """
    self._approve(msg.sender, spender, self.allowance[msg.sender][spender] + addedValue)
    return True


@external
def decreaseAllowance(spender: address, subtractedValue: uint256) -> bool:
    """
    @notice Lowers what another may move.
    @param spender Who may.
    @param subtractedValue LPT wei off the present allowance.
    @return True; failures revert.
    """
    current: uint256 = self.allowance[msg.sender][spender]
    assert current >= subtractedValue, "ERC20: decreased allowance below zero"

    self._approve(msg.sender, spender, current - subtractedValue)
    return True


@external
def permit(
    owner: address,
    spender: address,
    amount: uint256,
    deadline: uint256,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Approves by the owner's EIP-712 signature, sent by anybody.
    @param owner Whose LPT may be moved.
    @param spender Who may.
    @param amount LPT wei.
    @param deadline Unix time after which the signature is void.
    @param v Recovery id, 27 or 28.
    @param r First half of the signature.
    @param s Second half, in its low form.
    """
    assert block.timestamp <= deadline, "ERC20Permit: expired deadline"
    assert convert(s, uint256) <= convert(MAX_S, uint256), "ECDSA: invalid signature 's' value"
    nonce: uint256 = self.nonces[owner]
    struct_hash: bytes32 = keccak256(
        abi_encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline)
    )
    digest: bytes32 = keccak256(concat(b"\x19\x01", self._domain_separator(), struct_hash))
    signer: address = ecrecover(digest, v, r, s)
    assert signer != empty(address), "ECDSA: invalid signature"
    assert signer == owner, "ERC20Permit: invalid signature"

    self.nonces[owner] = nonce + 1
    self._approve(owner, spender, amount)


@external
def mint(_to: address, _amount: uint256):
    """
    @notice Creates LPT. Only holders of MINTER_ROLE may.
    @param _to Who receives it.
    @param _amount LPT wei.
    """
    roles.only_role(MINTER_ROLE)
    assert _to != empty(address), "ERC20: mint to the zero address"

    self.totalSupply += _amount
    # Cannot overflow: no balance exceeds the total supply, which was checked.
    self.balanceOf[_to] = unsafe_add(self.balanceOf[_to], _amount)

    log ILivepeerToken.Transfer(_from=empty(address), to=_to, value=_amount)
    log ILivepeerToken.Mint(to=_to, amount=_amount)


@external
def burn(_amount: uint256):
    """
    @notice Destroys LPT of the caller. Only holders of BURNER_ROLE may.
    @param _amount LPT wei.
    """
    roles.only_role(BURNER_ROLE)

    self._burn(msg.sender, _amount)


@external
def burnFrom(account: address, amount: uint256):
    """
    @notice Destroys LPT of someone who approved the caller. Only holders of BURNER_ROLE may.
    @param account Whose LPT it is.
    @param amount LPT wei.
    """
    roles.only_role(BURNER_ROLE)

    self._spend_allowance(account, msg.sender, amount)
    self._burn(account, amount)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice EIP-712 domain of this token on this chain.
    @return Its hash.
    """
    return self._domain_separator()


@external
@view
def eip712Domain() -> (
    bytes1, String[14], String[1], uint256, address, bytes32, DynArray[uint256, 1]
):
    """
    @notice The fields of the EIP-712 domain (ERC-5267).
    @return Which fields are in use, name, version, chain id, contract, salt and extensions.
    """
    return (0x0f, name, VERSION, chain.id, self, empty(bytes32), [])


@internal
def _transfer(_from: address, _to: address, _amount: uint256):
    assert _from != empty(address), "ERC20: transfer from the zero address"
    assert _to != empty(address), "ERC20: transfer to the zero address"
    balance: uint256 = self.balanceOf[_from]
    assert balance >= _amount, "ERC20: transfer amount exceeds balance"

    self.balanceOf[_from] = unsafe_sub(balance, _amount)
    # Cannot overflow: all balances together are the total supply.
    self.balanceOf[_to] = unsafe_add(self.balanceOf[_to], _amount)

    log ILivepeerToken.Transfer(_from=_from, to=_to, value=_amount)


@internal
def _burn(_from: address, _amount: uint256):
    balance: uint256 = self.balanceOf[_from]
    assert balance >= _amount, "ERC20: burn amount exceeds balance"

    self.balanceOf[_from] = unsafe_sub(balance, _amount)
    # Cannot underflow: no balance exceeds the total supply.
    self.totalSupply = unsafe_sub(self.totalSupply, _amount)

    log ILivepeerToken.Transfer(_from=_from, to=empty(address), value=_amount)
    log ILivepeerToken.Burn(burner=_from, amount=_amount)


@internal
def _approve(_owner: address, _spender: address, _amount: uint256):
    assert _owner != empty(address), "ERC20: approve from the zero address"
    assert _spender != empty(address), "ERC20: approve to the zero address"

    self.allowance[_owner][_spender] = _amount

    log ILivepeerToken.Approval(owner=_owner, spender=_spender, value=_amount)


@internal
def _spend_allowance(_owner: address, _spender: address, _amount: uint256):
    allowed: uint256 = self.allowance[_owner][_spender]
    if allowed == max_value(uint256):
        return
    assert allowed >= _amount, "ERC20: insufficient allowance"

    # No Approval event: what is left follows from the transfers, as ERC-20 allows.
    self.allowance[_owner][_spender] = unsafe_sub(allowed, _amount)


@internal
@view
def _domain_separator() -> bytes32:
    return keccak256(
        abi_encode(DOMAIN_TYPEHASH, keccak256(name), keccak256(VERSION), chain.id, self)
    )
