"""An independent model of the staking protocol, in exact rationals.

The model is written from the published design and formulas, never from the contracts' source: two
people, two readings, one protocol. It distributes every reward and every fee to every delegator at
once, the way one would on paper. The contracts do the same with one multiplication in 10^27 fixed
point; a difference between the two is a bug in one of them.

What is exact and what is close:

- **Exact to the wei**: amounts bonded, unbonded, rebonded and transferred; unbonding locks;
  `delegatedAmount`; stake of the round and of the next round; mintable and minted tokens; every
  reward and its treasury part; the transcoder's commission; burned and finder's parts of a slash as
  far as their rounding is fixed by the formulas in :mod:`.arithmetic`.
- **Close**: `pendingStake` and `pendingFees` of an account, and votes of a delegator. The model
  keeps the exact rational and a bound of how far below it the rounding may leave the contract:
  one wei for each rounding, and 10^-27 of the stake for each rounding of a factor. The contract may
  never quote *more* than the exact figure.

When an account is settled the contract stores an integer. The model then takes over that integer
(after it has been checked against the bound) and books the difference as dust of the delegate, so
that rounding never accumulates unseen and `delegatedAmount` is explained to the last wei:
``D_t == sum of stakes + commission + forgone_t``.
"""
