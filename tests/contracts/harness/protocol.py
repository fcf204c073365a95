"""The whole protocol on the in-process chain, deployed by the plan that every deployment uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.deployment import (
    Call,
    Deploy,
    Done,
    ProtocolConfig,
    Step,
    development,
    drive,
    name_hash,
    plan,
)
from tests.contracts.harness.chain import Chain, Contract, Receipt

# The deployer keeps Controller and token, so that tests can change parameters in one call. Rewards
# go by stake alone.
UNGOVERNED = replace(development(), governed=False, min_self_stake=0, work_weight=0, work_rebate=0)


class Protocol:
    """Contracts by name as attributes (`protocol.BondingManager`), and the moves tests share."""

    def __init__(self, chain: Chain, config: ProtocolConfig = UNGOVERNED) -> None:
        self.chain = chain
        self.config = config
        self.deployer = chain.accounts[0]
        self._sources: dict[str, str] = {}
        steps = plan(config, self.deployer, chain_id=31_337)
        self.deployment = drive(steps, self._perform)
        self.contracts: dict[str, Contract] = {}
        for name, deployed in self.deployment.contracts.items():
            source = self._sources.get(name, name)
            if source == "ManagerProxy":
                source = self._sources[f"{name}Target"]
            self.contracts[name] = chain.at(source, deployed.address)

    def __getattr__(self, name: str) -> Contract:
        try:
            return self.__dict__["contracts"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"the protocol has no contract called {name}") from None

    def register(self, name: str, address: Any) -> None:
        """Put an account in a contract's place, e.g. to call with its rights."""
        self.Controller.setContractInfo(name_hash(name), address, bytes(20), sender=self.deployer)

    def next_round(self, rounds: int = 1, *, initialize: bool = True) -> int:
        """Go to the first block of a later round, and start it."""
        start = self.RoundsManager.currentRoundStartBlock()
        length = self.RoundsManager.roundLength()
        self.chain.mine_to(start + rounds * length)
        if initialize:
            self.RoundsManager.initializeRound()
        return int(self.RoundsManager.currentRound())

    def fund(self, account: Any, amount: int) -> None:
        """Give an account LPT wei."""
        self.LivepeerToken.transfer(account, amount, sender=self.deployer)

    def bond(self, account: Any, amount: int, to: Any) -> Receipt:
        """Fund, approve and bond in one move."""
        self.fund(account, amount)
        self.LivepeerToken.approve(self.BondingManager, amount, sender=account)
        receipt: Receipt = self.BondingManager.bond(amount, to, sender=account)
        return receipt

    def _perform(self, step: Step) -> Done:
        if isinstance(step, Deploy):
            self._sources[step.name] = step.artifact
            code = encode_constructor(artifact(step.artifact), step.args)
            return Done(address=self.chain.create(code, sender=self.deployer))
        if isinstance(step, Call):
            data = encode_call(artifact(step.artifact), step.function, step.args)
            self.chain.send(step.address, data, sender=self.deployer, value=step.value)
            return Done(address=step.address)
        return Done(address=step.address, code=self.chain.code(step.address))
