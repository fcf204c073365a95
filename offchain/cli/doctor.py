"""`livepeer worker doctor`: see before it costs anything whether a worker can earn here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from offchain.cli import options as opt
from offchain.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.node.config import Address, WorkerSettings
    from offchain.node.doctor import Finding

_SIGNS = {"ok": ("green", "ok"), "note": ("yellow", "note"), "bad": ("red", "bad")}


@click.command()
@opt.config_option
@opt.chain_options
@opt.key_options
@opt.data_option
@opt.option("--listen", type=opt.ADDRESS, default="127.0.0.1:8935", help="As for `run`.")
@opt.option("--admin", type=opt.ADDRESS, default="127.0.0.1:7935", help="As for `run`.")
@opt.option("--service-uri", metavar="URL", help="As for `run`.")
@click.option(
    "--media/--no-media", default=True, help="Try codecs and speed, too; takes some seconds."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def doctor(
    network: str,
    rpc: tuple[str, ...],
    poll: float,
    peers_within: tuple[str, ...],
    keystore: Path,
    password_file: Path,
    data: Path,
    listen: Address,
    admin: Address,
    service_uri: str | None,
    media: bool,
    as_json: bool,
) -> None:
    """Check key, chain, ETH, stake, address, ports, disk, codecs and speed; say what to do.

    Takes the options of `run`. Nothing is sent or changed; a running worker is not disturbed.
    Exit status: 0 all is well or only notes, 1 something must be done first.
    """
    from offchain.node.config import WorkerSettings
    from offchain.node.doctor import as_json as listed

    settings = WorkerSettings(
        chain=opt.chain_settings(network, rpc, poll, peers_within),
        key=opt.key_settings(keystore, password_file),
        data=data,
        listen=listen,
        admin=admin,
        service_uri=service_uri,
    )
    findings = run(_examine(settings, media, quiet=as_json))
    if as_json:
        click.echo(json.dumps(listed(findings), indent=2))
    if any(each.mark == "bad" for each in findings):
        raise SystemExit(1)


async def _examine(settings: WorkerSettings, media: bool, *, quiet: bool) -> list[Finding]:
    from offchain.node.doctor import examine

    findings: list[Finding] = []
    async for finding in examine(settings, media=media):
        findings.append(finding)
        if not quiet:
            colour, word = _SIGNS[finding.mark]
            click.echo(f"{click.style(f'{word:<5}', fg=colour)} {finding.name}: {finding.found}")
            if finding.mark != "ok":
                click.echo(f"      {finding.advice}")
    return findings
