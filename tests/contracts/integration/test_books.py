"""The books themselves: whatever is paid to another, or a wei too much or too little, shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from offchain.chain.deployment import BURNER_ROLE
from tests.contracts.integration.books import BooksDoNotBalance, Party, Wealth, eth, lpt
from tests.contracts.integration.cast import NOBODY, SLASH, STAKE, Stage


def a_conviction(
    stage: Stage, meanwhile: Callable[[Stage], object] = lambda stage: None
) -> Callable[..., None]:
    """A claimant is slashed, with something happening beside it; returns how to balance the books
    of that, with some of the story's account of itself changed."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.wait_past("seedBy")
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)
        meanwhile(stage)

    def balance(changes: dict[Party, Wealth] | None = None, burned: int = SLASH // 2) -> None:
        told = {
            stage.worker: lpt(-SLASH) - eth(claim.verification_fee),
            stage.watcher: lpt(SLASH // 2),
            NOBODY: eth(claim.verification_fee),
        }
        books.balance(told | (changes or {}), burned=burned)

    return balance


def test_books__of_what_happened__balance(stage: Stage) -> None:
    a_conviction(stage)()


@pytest.mark.parametrize("wrong", [eth(1), eth(-1), lpt(1), lpt(-1)])
def test_books__one_wei_told_otherwise__do_not_balance(stage: Stage, wrong: Wealth) -> None:
    balance = a_conviction(stage)

    for party in (stage.watcher, stage.delegator, NOBODY):
        right = {stage.watcher: lpt(SLASH // 2)}.get(party, Wealth())
        with pytest.raises(BooksDoNotBalance, match=f"^{party.name}: "):
            balance({party: right + wrong})
    with pytest.raises(BooksDoNotBalance, match="^minted and burned "):
        balance(burned=SLASH // 2 + 1)


def pays_a_stranger(stage: Stage) -> None:
    """ETH leaves for an account that is no party."""
    stage.chain.send(stage.chain.account("stranger"), sender=stage.watcher.address, value=1)


def keeps_a_wei(stage: Stage) -> None:
    """A contract holds ETH that it owes nobody."""
    jobs = stage.jobs.address
    stage.chain.set_balance(jobs, stage.chain.balance(jobs) + 1)


def cannot_pay(stage: Stage) -> None:
    """A contract has lost a wei it owes."""
    minter = stage.protocol.Minter.address
    stage.chain.set_balance(minter, stage.chain.balance(minter) + 10)
    stage.chain.set_balance(stage.watcher.address, stage.chain.balance(stage.watcher.address) - 10)


def leaves_a_job_open(stage: Stage) -> None:
    """A job's escrow is nobody's yet."""
    stage.broadcaster.orders(stage.peers[0], value=1)


def gives_token_away(stage: Stage) -> None:
    """LPT leaves for an account that is no party."""
    stage.protocol.LivepeerToken.transfer(
        stage.chain.account("stranger"), 1, sender=stage.watcher.address
    )


def burns_token(stage: Stage) -> None:
    """LPT is destroyed that the story does not tell of."""
    token, admin = stage.protocol.LivepeerToken, stage.owner.address
    token.grantRole(BURNER_ROLE, admin, sender=admin)
    token.burn(1, sender=admin)


@pytest.mark.parametrize(
    ("meanwhile", "line"),
    [
        (pays_a_stranger, "watcher: "),
        (keeps_a_wei, "JobsManager holds "),
        (cannot_pay, "Minter holds "),
        (leaves_a_job_open, "JobsManager holds "),
        (gives_token_away, "watcher: "),
        (burns_token, "minted and burned "),
    ],
)
def test_books__something_beside_the_story__do_not_balance(
    stage: Stage, meanwhile: Callable[[Stage], object], line: str
) -> None:
    balance = a_conviction(stage, meanwhile)

    with pytest.raises(BooksDoNotBalance, match=f"(?m)^{line}"):
        balance()


def test_books__new_token__is_told_apart(stage: Stage) -> None:
    """Rewards are minted: a story must say how much, and who has it."""
    peer, minter = stage.peers[0], stage.protocol.Minter
    stage.new_round()
    with stage.books() as books:
        stage.bonding.reward(sender=peer.address)
    minted = minter.currentMintedTokens()

    assert 0 < minted < STAKE
    with pytest.raises(BooksDoNotBalance, match="^minted and burned "):
        books.balance({peer: books.change(peer)})
    books.balance({peer: books.change(peer)}, minted=minted)
    assert 0 <= minted - books.change(peer).lpt <= 2
