"""Set-up says in one sentence what is missing; nothing here needs a network."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def install(tmp_path: Path) -> ModuleType:
    """A fresh copy of the set-up program, working on an empty folder whose path has a space."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "setup" / "install.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "a clone"
    root.mkdir()
    for name in ("package.json", "package-lock.json", "requirements.lock", "pyproject.toml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    module.ROOT = str(root)
    module.LOGS = str(root / ".run" / "setup")
    return module


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 13)])
def test_check_python__other_version__names_the_right_one(install, monkeypatch, version):
    monkeypatch.setattr(install.sys, "version_info", (*version, 0))

    with pytest.raises(install.SetupError, match=r"Python 3\.11 or 3\.12 is needed"):
        install.check_python()


def test_node_packages__no_node__says_what_it_brings(install, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(install.SetupError, match="Node and npm are needed"):
        install.node_packages()


def test_check_node__too_old__says_which(install, monkeypatch, tmp_path):
    for name in ("node", "npm"):
        tool = tmp_path / name
        tool.write_text("#!/bin/sh\necho v12.22.9\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(install.SetupError, match=r"Node 18 or later is needed and this is v12"):
        install.check_node()


def test_check_anvil__none_that_runs__points_to_foundry(install, monkeypatch, tmp_path):
    broken = tmp_path / "anvil"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    with pytest.raises(install.SetupError, match="no working anvil"):
        install.check_anvil(str(tmp_path / "node_modules"))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("... Temporary failure in name resolution ...", "cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("something else", "exit status 3"),
    ],
)
def test_run__failing_command__says_why_and_keeps_its_output(install, output, sentence):
    program = f"import sys; print({output!r}); sys.exit(3)"

    with pytest.raises(install.SetupError, match=sentence):
        install.run([sys.executable, "-c", program], "some.log", "install Python packages")

    assert output in (Path(install.LOGS) / "some.log").read_text()


def test_python_environment__stamped__is_instant(install):
    home = Path(install.ROOT) / ".venv"
    home.mkdir()
    wanted = install.digest("requirements.lock", "pyproject.toml")
    install.stamp(
        str(home / ".stamp"), wanted + " {}.{} ".format(*sys.version_info[:2]) + str(home)
    )

    install.python_environment(".venv", "requirements.lock", "Python packages")

    assert sorted(path.name for path in home.iterdir()) == [".stamp"]


def test_main__as_a_program__ends_with_one_sentence_and_status_1(install, tmp_path):
    clone = Path(install.ROOT)
    (clone / "setup").mkdir()
    (clone / "setup" / "install.py").write_bytes((ROOT / "setup" / "install.py").read_bytes())
    home = clone / ".venv"
    home.mkdir()
    wanted = install.digest("requirements.lock", "pyproject.toml")
    install.stamp(
        str(home / ".stamp"), wanted + " {}.{} ".format(*sys.version_info[:2]) + str(home)
    )

    done = subprocess.run(
        [sys.executable, str(clone / "setup" / "install.py")],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
    )

    assert done.returncode == 1
    assert done.stderr.startswith("setup: Node and npm are needed")
    assert done.stderr.count("\n") == 1
