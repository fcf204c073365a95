"""Random sequences of calls to jobs and committee, compared with a model after every call.

- :mod:`.bytecode` has two contracts made by hand: one reads many views at once, one is a wallet
  that may refuse ETH; :mod:`.encoding` makes calldata.
- :mod:`.setting` deploys the protocol with few, several or very many transcoders.
- :mod:`.machine` holds chain and model side by side, :mod:`.watch` compares them.
- :mod:`.market_rules`, :mod:`.claim_rules`, :mod:`.fault_rules`, :mod:`.vote_rules`,
  :mod:`.court_rules` and :mod:`.stake_rules` are what people do, honest and otherwise;
  :mod:`.ending` shows that pokes alone end everything.
- :mod:`.sequences` drives the rules from a seed, for as many steps as wanted.
"""
