"""`livepeer keys`: make an encrypted keystore, see whose it is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from offchain.cli import options as opt
from offchain.node.errors import EXIT_NO_KEY


@click.group()
def keys() -> None:
    """Make keystores and look at them; a password comes from a file, never from the command line.

    \b
    Example:
      (umask 077; head -c 24 /dev/urandom | base64 > pw.txt)
      livepeer keys new key.json --password-file pw.txt
    """


@keys.command()
@click.argument("keystore", type=opt.FILE)
@click.option("--password-file", type=opt.FILE, required=True, help="Its first line encrypts.")
def new(keystore: Path, password_file: Path) -> None:
    """Make a new key and write it, encrypted, to KEYSTORE."""
    from offchain.chain.errors import BadKey
    from offchain.chain.keys import create_keystore, read_password

    try:
        password = read_password(password_file)
        if not password:
            raise BadKey(f"{password_file} has no password on its first line")
        signer = create_keystore(keystore, password)
    except BadKey as exc:
        raise opt.Sentence(str(exc), EXIT_NO_KEY) from exc
    click.echo(f"{signer.address}  {keystore}")


@keys.command()
@click.argument("keystore", type=opt.FILE)
def show(keystore: Path) -> None:
    """Print the address a KEYSTORE says it holds the key of; no password needed."""
    try:
        stored = json.loads(Path(keystore).read_text())
        address = "0x" + str(stored["address"]).lower().removeprefix("0x")
    except OSError as exc:
        raise opt.Sentence(f"{keystore} cannot be read: {exc.strerror}", EXIT_NO_KEY) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise opt.Sentence(f"{keystore} is not a keystore file", EXIT_NO_KEY) from exc
    from offchain.chain.client import checksum

    try:
        click.echo(checksum(address))
    except ValueError as exc:
        raise opt.Sentence(f"{keystore} does not name an address", EXIT_NO_KEY) from exc
