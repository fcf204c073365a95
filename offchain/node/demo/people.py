"""Who takes part: six transcoders, a delegator and a broadcaster, each with a key of its own."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.keys import LocalSigner, create_keystore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRANSCODERS = ("Ada", "Grace", "Hedy", "Alan", "Edsger", "Barbara")
DELEGATOR = "Dorothy"
BROADCASTER = "The studio"
# Throw-away keys of a chain that dies with the demo: a weak work factor saves seconds of start-up.
SCRYPT_N = 1 << 12


def slug(name: str) -> str:
    """What files and folders of a person are called: `The studio` -> `studio`."""
    return name.split()[-1].lower()


@dataclass(frozen=True, slots=True)
class Person:
    """One account: its name, its key, and where the keystore lies."""

    name: str
    signer: LocalSigner
    keystore: Path

    @property
    def address(self) -> str:
        """Checksum address."""
        return self.signer.address


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, and the file with the keystores' password."""

    transcoders: tuple[Person, ...]
    delegator: Person
    broadcaster: Person
    password_file: Path

    def __iter__(self) -> Iterator[Person]:
        yield from self.transcoders
        yield self.delegator
        yield self.broadcaster

    @property
    def hired(self) -> tuple[Person, ...]:
        """The transcoders that the broadcaster hires by name: main and standby."""
        return self.transcoders[:2]

    @property
    def others(self) -> tuple[Person, ...]:
        """The transcoders that are there to check, and to be elected."""
        return self.transcoders[2:]

    @property
    def names(self) -> dict[str, str]:
        """Address -> name."""
        return {person.address: person.name for person in self}


def create_people(folder: Path) -> People:
    """Fresh keys, written as encrypted keystores (mode 0600) into `folder` (mode 0700)."""
    folder.mkdir(mode=0o700, parents=True)
    password = secrets.token_urlsafe(24)
    password_file = folder / "password"
    descriptor = os.open(password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")

    def person(name: str) -> Person:
        path = folder / f"{slug(name)}.json"
        return Person(name, create_keystore(path, password, scrypt_n=SCRYPT_N), path)

    return People(
        transcoders=tuple(person(name) for name in TRANSCODERS),
        delegator=person(DELEGATOR),
        broadcaster=person(BROADCASTER),
        password_file=password_file,
    )
