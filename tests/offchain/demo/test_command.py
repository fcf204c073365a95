"""What the demo says and returns when it cannot even start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from offchain.node.demo import command
from offchain.node.demo.anvil import find_anvil
from offchain.node.demo.people import create_people
from offchain.node.demo.problems import DemoError, MissingTool
from offchain.node.demo.workspace import MOST_AT_ONCE, is_held, open_workspace

pytestmark = pytest.mark.needs("anvil", "hls.js")
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.mp4", None, "there is no such file"),
        ("notes.txt", b"no video at all", "no known container"),
        ("playlist.m3u8", b"#EXTM3U\n/etc/passwd\n", "no known container"),
        ("empty.mp4", b"", "no known container"),
    ],
)
def test_input__no_video__is_one_sentence_and_exit_2(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    result = CliRunner().invoke(command.demo, ["--once", "--input", str(path)])

    assert result.exit_code == 2
    assert f"demo: {path} is not a video: " in result.output
    assert words in result.output
    assert "Traceback" not in result.output


def test_clip__not_installed__says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CLIP", Path("/nowhere/video.mp4"))

    result = CliRunner().invoke(command.demo, ["--once"])

    assert result.exit_code == 3
    assert result.output.strip() == (
        "demo: the demo's clip is missing: run `make setup`, or give a video with --input"
    )


def test_find_anvil__nowhere__says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingTool, match="anvil, the local chain, is missing: run `make setup`"):
        find_anvil(tmp_path)


def test_find_anvil__npm_launcher_without_node__names_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "node_modules" / ".bin" / "anvil"
    launcher.parent.mkdir(parents=True)
    launcher.write_text("#!/usr/bin/env node\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingTool, match="Node is missing"):
        find_anvil(tmp_path)


def test_module__another_python__names_the_right_ones() -> None:
    program = (
        "import sys, runpy; sys.version_info = (3, 9, 1, 'final', 0); "
        "runpy.run_module('offchain.node.demo.__main__', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert done.returncode == 3
    assert done.stderr == (
        "demo: this needs Python 3.11 or 3.12; run `make demo`, which finds one\n"
    )


def test_workspace__two_at_once__get_folders_of_their_own(tmp_path: Path) -> None:
    base = tmp_path / "demo"
    with open_workspace(base) as first:
        (first.folder / "precious").write_text("x")
        with open_workspace(base) as second:
            assert second.folder == tmp_path / "demo-2"
            assert is_held(first.folder) and is_held(second.folder)
        assert (first.folder / "precious").exists()

    assert not is_held(base)
    with open_workspace(base) as again:
        assert sorted(path.name for path in again.folder.iterdir()) == ["demo.pid", "lock"]


def test_workspace__too_many_at_once__says_so(tmp_path: Path) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _ in range(MOST_AT_ONCE):
            stack.enter_context(open_workspace(tmp_path / "demo"))
        with pytest.raises(DemoError, match="9 demos already run"):
            stack.enter_context(open_workspace(tmp_path / "demo"))


def test_stop__stale_process_id__is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with open_workspace(folder):
        pass
    (folder / "demo.pid").write_text(f"{os.getpid()}\n")

    result = CliRunner().invoke(command.demo, ["--stop", "--folder", str(folder)])

    assert (result.exit_code, result.output) == (0, "Stopped 0 demos.\n")


def test_keystores__are_for_the_user_only(tmp_path: Path) -> None:
    people = create_people(tmp_path / "keys")

    files = sorted(path for path in people.password_file.parent.iterdir())
    assert len(files) == 9
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert people.password_file.parent.stat().st_mode & 0o777 == 0o700
    assert len(people.names) == 8
