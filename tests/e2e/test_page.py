"""The real clip on the page, in a real browser, while the network works behind it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import CLIP, find_chromium
from tests.e2e.conftest import HOST, make_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.needs("anvil", "hls.js", "chromium")]
ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "demo.png"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """Headless Chromium with an empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=find_chromium(),
            args=list(QUIET),
            viewport={"width": 1440, "height": 1000},
            bypass_csp=True,  # lets Playwright evaluate; the page itself still runs under it
            color_scheme="light",
        )
        yield context
        context.close()


def playing(page: Any, seconds: float, wait_s: float = 30) -> tuple[float, float]:
    """Two readings of the video's clock, the second at least `seconds` later in the video."""
    clock = "document.querySelector('video').currentTime"
    page.wait_for_function(
        "() => { const v = document.querySelector('video');"
        " return v.readyState >= 3 && !v.paused && v.currentTime > 0.2; }",
        timeout=wait_s * 1000,
    )
    begin = page.evaluate(clock)
    page.wait_for_function(f"() => {clock} > {begin + seconds}", timeout=wait_s * 1000)
    return begin, page.evaluate(clock)


def save_picture(page: Any, tmp_path: Path) -> Path:
    """Screenshot, put in its place in docs/ when asked for or when there is none yet."""
    taken = tmp_path / "demo.png"
    page.screenshot(path=str(taken), full_page=True)
    if os.environ.get("UPDATE_SCREENSHOT") == "1" or not PICTURE.exists():
        shutil.copy(taken, PICTURE)
    return taken


def test_page__live_clip__plays_and_tells_what_the_chain_does(
    start_demo: Callable[..., Demo], browser: Any, tmp_path: Path
) -> None:
    clip = CLIP
    if not clip.exists():
        clip = make_clip(tmp_path / "film.mp4", 640, 360, 8, audio=True)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        busy = taken.getsockname()[1]
        demo = start_demo("--input", str(clip), "--port", str(busy))
        address = demo.address
    assert f"Port {busy} is taken, so the next free one serves" in demo.output
    assert f":{busy}/" not in address
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.goto(address)
    begin, end = playing(page, 3, 40)
    page.get_by_role("radio", name="240p").click()
    page.wait_for_function("() => document.querySelector('video').videoHeight === 240")
    page.get_by_role("radio", name="Auto").click()
    page.get_by_text("and its delegators were paid").first.wait_for(timeout=60_000)
    page.wait_for_function("() => document.querySelectorAll('#journey li.done').length === 7")
    page.get_by_text("for voting against the result").first.wait_for(timeout=60_000)
    playing(page, 0.5)
    picture = save_picture(page, tmp_path)
    heard = page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount")

    assert heard > 0
    assert end - begin >= 3
    assert picture.stat().st_size > 50_000
    rungs = page.locator("#ladder button").all_inner_texts()
    assert any(text.startswith("Auto") for text in rungs)
    assert any("p" in text and "b/s" in text for text in rungs[1:])
    told = " ".join(page.locator("#feed p").all_inner_texts())
    for words in (
        "The lottery chose",
        "accepted job",
        "claimed",
        "The lottery drew",
        "were drawn to check",
        "No clear verdict at stage 1: a larger committee will be drawn",
    ):
        assert words in told
    assert "Adds up to the escrow to the wei." in page.inner_text("#escrow-check")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert all(url.startswith((address, "blob:", "data:")) for url in requests)
    assert faults == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    demo.signal(signal.SIGINT)
    result = demo.finish()
    assert result.status == 0, result.output
    assert "Adds up to the escrow to the wei." in result.output
    assert demo.survivors() == []
