"""The live page: a player, the state of the network, and the chain's events in words."""
