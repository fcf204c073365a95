"""Random sequences of calls, on compiled bytecode, compared with the model after every step.

- :mod:`.evm` calls contracts on pyrevm by hand-made calldata; :mod:`.view` reads the whole state of
  staking in one call; :mod:`.protocol` deploys the protocol for it.
- :mod:`.machine` holds chain and model side by side; :mod:`.rules` are the things people do and
  :mod:`.invariants` what must hold after each.
- :mod:`.campaign` drives the rules from a seed, for as many steps as wanted.
"""
