"""The demo's folder under `.run`: its own chain, keys, databases and logs, made afresh."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offchain.node.demo.problems import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
MOST_AT_ONCE = 9


@dataclass(frozen=True, slots=True)
class Workspace:
    """Folders of one run; all below `folder`, readable only by the user."""

    folder: Path

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.folder / "logs"

    @property
    def keys(self) -> Path:
        """Encrypted keystores and their password file, mode 0600."""
        return self.folder / "keys"

    def node(self, name: str) -> Path:
        """State of one node: its database and blobs."""
        return self.folder / "nodes" / name

    def shown(self, path: Path) -> str:
        """The path as a person would type it from the current folder."""
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path)


def is_held(folder: Path) -> bool:
    """Whether a running demo holds `folder`."""
    handle = os.open(folder / "lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def open_workspace(base: Path) -> Iterator[Workspace]:
    """Locks and empties `base`, or `base-2`, … while other demos run; keeps logs until next time.

    The clip cache beside it survives, so that a second run starts faster.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_AT_ONCE + 1):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        try:
            for path in folder.iterdir():
                if path.name == "lock":
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            (folder / "demo.pid").write_text(f"{os.getpid()}\n")
            yield Workspace(folder)
        finally:
            (folder / "demo.pid").unlink(missing_ok=True)
            os.close(handle)
        return
    raise DemoError(f"{MOST_AT_ONCE} demos already run from {base.parent}: stop one first")
