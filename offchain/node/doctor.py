"""What an operator can check before earning: key, stake, chain, ports, disk, media, address.

Every check runs, also after others have failed, and each says what to do about what it found.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contracts
from offchain.chain.errors import BadKey, ChainError
from offchain.chain.keys import load_keystore, read_password
from offchain.media.sandbox import ChildDied, SourceFault, TranscoderChild
from offchain.media.trial import trial_contract, trial_segment
from offchain.net.client import TranscoderClient, new_session
from offchain.net.info import BadInfo, read_info
from offchain.net.peers import PeerError
from offchain.net.reach import Reach
from offchain.node.base import NODE_FILE, read_deployment
from offchain.node.errors import NodeError
from offchain.proof.typed import Domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from offchain.chain.deployments import Deployment
    from offchain.chain.keys import LocalSigner
    from offchain.node.config import Address, WorkerSettings

Mark = Literal["ok", "note", "bad"]

ETHER = 10**18
GAS_OF_A_DAY = 12_000_000
"""About what claims, openings, votes and rewards of one day cost a busy transcoder."""
LEAST_DISK = 2 << 30
GOOD_DISK = 20 << 30
STALE_S = 180
"""Age of the chain's newest block, in seconds, from which an endpoint counts as behind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was found, and what to do unless it is `ok`."""

    name: str
    mark: Mark
    found: str
    advice: str = ""


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", found)


def note(name: str, found: str, advice: str) -> Finding:
    """It works, and could be better."""
    return Finding(name, "note", found, advice)


def bad(name: str, found: str, advice: str) -> Finding:
    """Nothing is earned until this is put right."""
    return Finding(name, "bad", found, advice)


async def examine(settings: WorkerSettings, *, media: bool = True) -> AsyncIterator[Finding]:
    """All findings, one after another as they are made; `media` is the trial of the codecs."""
    deployment: Deployment | None = None
    try:
        deployment = read_deployment(settings.chain.network)
        kind = "production" if deployment.production else "development"
        yield ok("deployment", f"{deployment.name}, chain {deployment.chain_id}, {kind}")
    except NodeError as exc:
        yield bad("deployment", str(exc), "Give --network NAME or a deployment file.")
    key = await asyncio.to_thread(_key, settings)
    yield key[0]
    signer = key[1]
    if deployment is not None:
        async for finding in _chain(settings, deployment, signer):
            yield finding
    yield _disk(settings.data)
    running = _running(settings.data)
    for name, where in (("listen", settings.listen), ("admin", settings.admin)):
        yield _port(name, where, running)
    if media:
        yield await _media()


def _key(settings: WorkerSettings) -> tuple[Finding, LocalSigner | None]:
    try:
        password = read_password(settings.key.password_file)
        signer = load_keystore(settings.key.keystore, password)
    except BadKey as exc:
        return bad("key", str(exc), "Make one with `livepeer keys new`."), None
    return ok("key", signer.address), signer


async def _chain(
    settings: WorkerSettings, deployment: Deployment, signer: LocalSigner | None
) -> AsyncIterator[Finding]:
    """Each endpoint by itself, then what the chain knows of this transcoder."""
    usable: list[str] = []
    for url in settings.chain.rpc:
        finding = await _endpoint(url, deployment)
        if finding.mark != "bad":
            usable.append(url)
        yield finding
    if not usable or signer is None:
        return
    async with ChainClient(usable, chain_id=deployment.chain_id) as client:
        contracts = Contracts(client, deployment)
        try:
            for finding in await _standing(client, contracts, signer.address):
                yield finding
            yield await _address(settings, deployment, contracts, signer.address)
        except ChainError as exc:
            yield bad("stake", str(exc), "Try again, or use another --rpc.")


async def _endpoint(url: str, deployment: Deployment) -> Finding:
    name = f"rpc {urlsplit(url).netloc}"  # the path often holds a secret
    advice = "Check the address, or give another --rpc; several are tried in turn."
    try:
        async with ChainClient([url], chain_id=deployment.chain_id) as client:
            codes = {entry.address: entry.code_hash for entry in deployment.contracts.values()}
            begun = time.monotonic()
            await client.check_code(codes)
            spent_ms = (time.monotonic() - begun) * 1000
            head = await client.block("latest")
    except (ChainError, ValueError) as exc:
        return bad(name, str(exc).replace(url, name), advice)
    assert head is not None  # every chain has a newest block
    age = time.time() - int(head["timestamp"], 16)
    found = f"block {int(head['number'], 16)}, {len(codes)} contracts checked in {spent_ms:.0f} ms"
    if deployment.production and age > STALE_S:
        return note(name, f"{found}, {age:.0f} s old", "The endpoint lags: add another.")
    return ok(name, found)


async def _standing(client: ChainClient, contracts: Contracts, address: str) -> list[Finding]:
    bonding, rounds = contracts.BondingManager, contracts.RoundsManager
    balance = await client.balance(address)
    price = int(await client.request("eth_gasPrice"), 16)
    day = price * GAS_OF_A_DAY
    found = f"{balance / ETHER:.4f} ETH for transactions, a busy day costs about {day / ETHER:.4f}"
    short = bad if balance < day // 10 else note
    purse = ok("ether", found) if balance >= day else short("ether", found, f"Fund {address}.")
    current = await rounds.call("currentRound")
    started = await rounds.call("currentRoundInitialized")
    clock = ok("round", f"{current}")
    if not started:
        clock = note(
            "round",
            f"{current}, not initialized yet",
            "The worker does it, if nobody does.",
        )
    barred = await bonding.call("isBarred", address)
    registered = await bonding.call("isRegisteredTranscoder", address)
    active = await bonding.call("isActiveTranscoder", address)
    stake = await bonding.call("transcoderTotalStake", address)
    words = f"{stake / ETHER:,.2f} LPT behind it"
    if barred:
        until = await bonding.call("barredUntil", address)
        place = bad(
            "stake", f"barred until round {until} after a slash, {words}", "Wait until then."
        )
    elif not registered:
        place = bad(
            "stake",
            "not a registered transcoder",
            f"Bond LPT to yourself: ape run bond AMOUNT {address}.",
        )
    elif not active:
        place = note(
            "stake",
            f"registered, not active in round {current}, {words}",
            "Active from the next round on, if its stake is among the largest.",
        )
    else:
        place = ok("stake", f"active, {words}")
    return [purse, clock, place]


async def _address(
    settings: WorkerSettings, deployment: Deployment, contracts: Contracts, address: str
) -> Finding:
    """Whether peers find this worker where the chain says it is."""
    registered = await contracts.ServiceRegistry.call("getServiceURI", address)
    wanted = settings.service_uri
    if not registered and wanted is None:
        return note(
            "address",
            "none registered yet",
            "The worker registers its own; give --service-uri if peers reach it under another.",
        )
    url = wanted or registered
    reach = Reach.within(settings.chain.peers_within) if deployment.production else None
    host = urlsplit(url).hostname or ""
    if reach is not None and not await _public(host, reach):
        return bad(
            "address",
            f"{url} is not an address that peers elsewhere can connect to",
            "Give a public one with --service-uri.",
        )
    if _running(settings.data) is None:
        return ok("address", f"{url} (start the worker, and this asks it, too)")
    domain = Domain(deployment.chain_id, contracts.JobsManager.address)
    try:
        async with new_session(reach or Reach(anywhere=True)) as session:
            answer = await TranscoderClient(session).info(url)
        read_info(answer, domain, address, time.time())
    except (PeerError, BadInfo) as exc:
        return bad(
            "address",
            f"{url} does not answer as this worker: {exc}",
            "Open the port in the firewall and forward it here, or register another address.",
        )
    return ok("address", f"{url} answers, signed by this worker's key")


async def _public(host: str, reach: Reach) -> bool:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        for info in infos:
            reach.check(str(info[4][0]))
    except OSError:
        return False
    return bool(infos)


def _disk(data: Path) -> Finding:
    folder = data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / (1 << 30):.1f} GB free for {data}"
    advice = "Receipts and segments are kept until their claims are final; give it more room."
    if free < LEAST_DISK:
        return bad("disk", found, advice)
    return note("disk", found, advice) if free < GOOD_DISK else ok("disk", found)


def _running(data: Path) -> str | None:
    """The text of `node.json` while a worker runs on this folder."""
    with contextlib.suppress(OSError):
        return (data / NODE_FILE).read_text()
    return None


def _port(name: str, where: Address, running: str | None) -> Finding:
    place = f"{where.host}:{where.port}"
    if where.port == 0:
        return ok(name, f"a free port of {where.host}")
    try:
        family = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((where.host, where.port))
    except OSError as exc:
        if running is not None and f":{where.port}" in running:
            return ok(name, f"{place} is this worker's")
        return bad(
            name,
            f"{place} cannot be used: {exc.strerror or exc}",
            f"Stop what holds it, or choose another with --{name}.",
        )
    return ok(name, f"{place} is free")


async def _media() -> Finding:
    """A real segment through a real child: codecs, sandbox and speed."""
    segment = await asyncio.to_thread(trial_segment, 1)
    contract = trial_contract()
    try:
        async with TranscoderChild() as child:
            await child.transcode(segment, contract)  # the first one warms it up
            begun = time.monotonic()
            made = await child.transcode(segment, contract)
            spent = time.monotonic() - begun
            held = child.held
    except (ChildDied, SourceFault) as exc:
        return bad("media", str(exc), "Install the packages of requirements.lock again.")
    speed = made.duration_ms / 1000 / spent
    rungs = ", ".join(rung.name for rung in contract.rungs)
    found = f"720p to {rungs}: {speed:.1f} x real time; sandbox: {', '.join(held) or 'none'}"
    if "system calls" not in held:
        return note(
            "media", found, "The kernel has no seccomp filter: media children are less shut in."
        )
    if speed < 1:
        return note("media", found, "Too slow for live video of this size.")
    return ok("media", found)


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {"check": each.name, "mark": each.mark, "found": each.found, "advice": each.advice}
        for each in findings
    ]
