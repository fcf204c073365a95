# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
"""
@title Signatures of which each message has exactly one
@license MIT
@notice EIP-712 digests in the domain (Livepeer, 1, this chain, this contract), and recovery that takes only
        65 bytes with v 27 or 28 and s in the lower half of the curve's order.
@dev ecrecover alone also accepts the mirrored (v, n - s) of every signature, and answers zero instead of failing.
"""


DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Livepeer")
VERSION: constant(bytes32) = keccak256("1")

# Half of the order of secp256k1, rounded down.
HALF_ORDER: constant(
    uint256
) = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@internal
@view
def domain() -> bytes32:
    """
    @dev The domain separator; `self` is the proxy where there is one.
    """
    return keccak256(abi_encode(DOMAIN_TYPE, NAME, VERSION, chain.id, self))


@internal
@pure
def digest(_domain: bytes32, _struct: bytes32) -> bytes32:
    return keccak256(concat(b"\x19\x01", _domain, _struct))


@internal
@pure
def recover(_digest: bytes32, _signature: Bytes[65]) -> address:
    assert len(_signature) == 65, "signature must be 65 bytes"

    r: uint256 = extract32(_signature, 0, output_type=uint256)
    s: uint256 = extract32(_signature, 32, output_type=uint256)
    v: uint256 = convert(slice(_signature, 64, 1), uint256)
    assert s <= HALF_ORDER, "signature s too high"
    assert v == 27 or v == 28, "signature v must be 27 or 28"

    signer: address = ecrecover(_digest, v, r, s)
    assert signer != empty(address), "signature has no signer"

    return signer
