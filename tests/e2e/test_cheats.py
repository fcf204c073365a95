"""Who cheats loses exactly its fraction on chain, its delegators nothing, and nobody else loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import make_clip
from tests.e2e.trials import (
    cheat_arguments,
    honest_arguments,
    problems_of_cheat,
    problems_of_honest,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.needs("anvil", "hls.js")]
HONEST_SEGMENTS = 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short film with sound."""
    return make_clip(tmp_path_factory.mktemp("film") / "film.mp4", 640, 360, 8, audio=True)


@pytest.mark.parametrize("kind", ["logo", "freeze", "phantom"])
def test_cheat__slashed_by_the_fraction_while_the_stream_goes_on(
    kind: str, start_demo: Callable[..., Demo], film: Path
) -> None:
    demo = start_demo(*cheat_arguments(kind, film))

    result = demo.finish()

    assert result.status == 0, result.output
    assert problems_of_cheat(result.report) == [], result.output
    assert "Exactly the fraction, and nothing from delegators." in result.output
    if kind == "phantom":
        assert result.report["caught"], "no player could show it: the broadcaster sees it at once"
        assert result.report["slashes"][0]["finder"] == "The studio", "and challenges it"
    assert demo.survivors() == []


def test_honest_work__every_segment_drawn__nobody_is_punished_and_all_is_paid(
    start_demo: Callable[..., Demo], film: Path
) -> None:
    demo = start_demo(*honest_arguments(film, HONEST_SEGMENTS))

    result = demo.finish()

    assert result.status == 0, result.output
    assert problems_of_honest(result.report, HONEST_SEGMENTS) == [], result.output


def test_cheat__no_such_kind__says_which_there_are(start_demo: Callable[..., Demo]) -> None:
    result = start_demo("--once", "--cheat=kindness").finish()

    assert result.status == 2
    assert "nobody cheats by 'kindness'; there are black, freeze, drop" in result.output
