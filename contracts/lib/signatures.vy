# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Signatures of which each message has exactly one
@license MIT
@notice EIP-712 digests in the domain (Livepeer, 1, this chain, this contract), and recovery that takes only
        65 bytes with v 27 or 28 and s in the lower half of the curve's order.
@dev ecrecover alone also accepts the mirrored (v, n - s) of every signature, and answers zero instead of failing.
"""

from . import reasons

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Livepeer")
VERSION: constant(bytes32) = keccak256("1")

# Half of the order of secp256k1, rounded down.
HALF_ORDER: constant(
    uint256
) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


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
    if len(_signature) != 65:
        reasons.fail("signature must be 65 bytes")

    r: uint256 = extract32(_signature, 0, output_type=uint256)
    s: uint256 = extract32(_signature, 32, output_type=uint256)
    v: uint256 = convert(slice(_signature, 64, 1), uint256)
    if s > HALF_ORDER:
        reasons.fail("signature s too high")
    if v != 27 and v != 28:
        reasons.fail("signature v must be 27 or 28")

    signer: address = ecrecover(_digest, v, r, s)
    if signer == empty(address):
        reasons.fail("signature has no signer")

    return signer
