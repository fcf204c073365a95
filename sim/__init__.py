"""Economics of the network as code: formulas over deployed parameters, run as tests."""
