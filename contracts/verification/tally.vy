# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title The tally
@license MIT
@notice What revealed verdicts amount to. Sizes are divisible by three, so two thirds are exact at full turnout.
@dev Bytes the accused published before a stage was seated count if two thirds of that stage's seats have them, as their
     verdicts VALID and INVALID show; then the others' UNAVAILABLE is left out. Nobody's single word matters.
"""

VALID: constant(uint256) = 1
INVALID: constant(uint256) = 2
UNAVAILABLE: constant(uint256) = 3
INCONCLUSIVE: constant(uint256) = 4

# No conviction by fewer, however small the committee.
MIN_CONVICTING: constant(uint256) = 3
LAST_STAGE: constant(uint256) = 3


@internal
@pure
def outcome(
    _stage: uint256,
    _seats: uint256,
    _valid: uint256,
    _invalid: uint256,
    _unavailable: uint256,
    _published: bool,
) -> uint256:
    """
    @dev The verdict, or INCONCLUSIVE where the next stage must decide or none can.
    """
    if _stage == 1:
        # Only a full and unanimous first stage ends a request.
        return VALID if _valid == _seats else INCONCLUSIVE
    unavailable: uint256 = _unavailable
    if _published and _valid + _invalid >= self._two_thirds(_seats):
        unavailable = 0
    revealed: uint256 = _valid + _invalid + unavailable
    if revealed < self._two_thirds(_seats):
        return INCONCLUSIVE

    majority: uint256 = self._two_thirds(revealed)
    if _invalid >= majority:
        return INVALID if _invalid >= MIN_CONVICTING else INCONCLUSIVE
    if _stage == LAST_STAGE and _invalid >= MIN_CONVICTING and _invalid + unavailable >= majority:
        return INVALID
    if unavailable >= majority:
        return UNAVAILABLE
    if 2 * _valid > revealed:
        return VALID
    return INCONCLUSIVE


@internal
@pure
def stage_size(_stage: uint256) -> uint256:
    if _stage == 1:
        return 3
    if _stage == 2:
        return 15
    return 33


@internal
@pure
def _two_thirds(_count: uint256) -> uint256:
    """
    @dev Two thirds, rounded up.
    """
    return (2 * _count + 2) // 3
