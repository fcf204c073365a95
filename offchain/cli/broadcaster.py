"""`livepeer broadcaster`: put a video on the network and serve it to players."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from offchain.cli import options as opt
from offchain.cli.run import run
from offchain.cli.worker import show_status

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.node.config import Address, Price


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def broadcaster() -> None:
    """Stream a video through the network and serve it to HLS players.

    A broadcaster cuts its input into segments, pays two transcoders (main and standby) by a job
    each, signs and sends every segment, checks what comes back, and publishes playlists.

    \b
    Example:
      python offchain/broadcaster.py run --network local --rpc http://127.0.0.1:8545 \\
          --keystore key.json --password-file pw.txt --data ./broadcaster-data \\
          --input clip.mp4 --name live
      Then play http://127.0.0.1:8936/live/live/index.m3u8 in any HLS player.
      With --rtmp 127.0.0.1:1935 instead of --input, publish to it:
      ffmpeg -re -i clip.mp4 -c copy -f flv rtmp://127.0.0.1:1935/live/$(cat stream.key)
    """


@broadcaster.command("run")
@opt.config_option
@opt.chain_options
@opt.key_options
@opt.data_option
@opt.option("--input", "source", type=opt.FILE, help="Video file to stream as if live.")
@opt.option(
    "--rtmp",
    type=opt.ADDRESS,
    help="Instead of a file: where to be published to, by ffmpeg, OBS or a camera.",
)
@opt.option(
    "--push",
    type=opt.ADDRESS,
    help="Instead of a file: where segments are pushed to, as PUT /live/NAME/NUMBER.ts.",
)
@opt.option(
    "--stream-key",
    type=opt.FILE,
    help="File with the key publishers need; by default one is made in the data folder.",
)
@opt.option("--rtmp-cert", type=opt.FILE, help="Certificate chain (PEM): speak RTMPS.")
@opt.option("--rtmp-cert-key", type=opt.FILE, help="The certificate's key (PEM).")
@opt.option("--name", default="live", help="Name of the stream: A-Z a-z 0-9 _ -, at most 64.")
@opt.option(
    "--listen",
    type=opt.ADDRESS,
    default="127.0.0.1:8936",
    help="Where players and /v1/status are served; port 0 takes a free one.",
)
@opt.option(
    "--transcoder",
    "transcoders",
    multiple=True,
    metavar="ADDRESS",
    help="Main transcoder, then standby; by default they are chosen from the active pool.",
)
@opt.option(
    "--rung",
    "rungs",
    multiple=True,
    metavar="NAME:WxH:KBITSk",
    help="A rendition, such as 360p:640x360:800k; by default a ladder that fits the input.",
)
@opt.option(
    "--most-rungs",
    type=click.IntRange(1, 6),
    default=2,
    help="Rungs of the default ladder, at most.",
)
@opt.option(
    "--mode",
    type=click.Choice(["throughput", "live"]),
    default="throughput",
    help="Encoder settings: best picture for the work, or least delay.",
)
@opt.option(
    "--preset",
    type=click.Choice(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"]),
    default="veryfast",
    help="Encoder preset of the renditions.",
)
@opt.option(
    "--segment-seconds",
    type=click.FloatRange(0.5, 10),
    default=2.0,
    help="Nominal length of a segment.",
)
@opt.option(
    "--source-height",
    type=click.IntRange(96, 2160),
    help="Scale the input down to this many pixels on its short side.",
)
@opt.option(
    "--late-after",
    type=click.FloatRange(0.5, 20),
    default=1.0,
    help="Segment lengths after which the standby gets a segment too.",
)
@opt.option("--loop", is_flag=True, help="Start the input again when it ends.")
@opt.option(
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop after this many seconds of input.",
)
@opt.option(
    "--realtime/--fast",
    default=True,
    help="Send at the pace of the video, or as fast as the transcoders can.",
)
@opt.option(
    "--price",
    type=opt.PRICE,
    default="1000/1",
    help="What you pay: wei for this many pixels of output.",
)
@opt.option(
    "--most-segments",
    type=click.IntRange(1, 1 << 20),
    default=1000,
    help="Segments each job pays for; the escrow is this times the price of one.",
)
@opt.option(
    "--check-every",
    type=click.IntRange(0),
    default=15,
    help="Judge the picture of one in so many segments before it counts; 0 for none.",
)
@opt.option(
    "--bond-budget",
    type=click.IntRange(0),
    default=10**16,
    help="Most wei that lie in challenge bonds at one time; 0 to challenge nothing.",
)
@opt.option(
    "--elect-every",
    type=click.IntRange(0),
    default=0,
    help="Also order a job by election; one in so many segments goes to the elected. 0 for none.",
)
@opt.option(
    "--window",
    type=click.IntRange(3, 10_000),
    default=30,
    help="Segments a live playlist lists.",
)
@opt.option(
    "--stay",
    is_flag=True,
    help="After the input's end keep serving, and close the jobs once all claims are settled.",
)
@opt.option(
    "--drain-seconds",
    type=click.FloatRange(0, 3600),
    default=30.0,
    help="On SIGTERM: how long to wait for segments in flight.",
)
@opt.log_options
def run_broadcaster(
    network: str,
    rpc: tuple[str, ...],
    poll: float,
    peers_within: tuple[str, ...],
    keystore: Path,
    password_file: Path,
    data: Path,
    source: Path | None,
    rtmp: Address | None,
    push: Address | None,
    stream_key: Path | None,
    rtmp_cert: Path | None,
    rtmp_cert_key: Path | None,
    name: str,
    listen: Address,
    transcoders: tuple[str, ...],
    rungs: tuple[str, ...],
    most_rungs: int,
    mode: str,
    preset: str,
    segment_seconds: float,
    source_height: int | None,
    late_after: float,
    loop: bool,
    duration: float | None,
    realtime: bool,
    price: Price,
    most_segments: int,
    check_every: int,
    bond_budget: int,
    elect_every: int,
    window: int,
    stay: bool,
    drain_seconds: float,
    log_level: str,
    log_format: str,
) -> None:
    """Stream a file as if live, or what is published, until it ends or SIGTERM or Ctrl-C.

    \b
    Exit status: 0 streamed and stopped, 65 the file is no video, 66 the file is missing, 69 no
    chain endpoint answers, 73 port busy, 74 disk or database trouble, 77 key or password missing or
    wrong, 78 wrong chain, no transcoder to be had, or not enough ETH.
    """
    from offchain.node.broadcaster import serve
    from offchain.node.config import BroadcasterSettings
    from offchain.node.errors import BadSetup
    from offchain.node.logs import set_up_logs

    set_up_logs(log_level, log_format)
    try:
        settings = BroadcasterSettings(
            chain=opt.chain_settings(network, rpc, poll, peers_within),
            key=opt.key_settings(keystore, password_file),
            data=data,
            source=source,
            publish=rtmp,
            push=push,
            stream_key=stream_key,
            publish_cert=rtmp_cert,
            publish_cert_key=rtmp_cert_key,
            name=name,
            listen=listen,
            transcoders=tuple(transcoders),
            rungs=tuple(rungs),
            most_rungs=most_rungs,
            mode=mode,
            preset=preset,
            segment_s=segment_seconds,
            source_height=source_height,
            late_after=late_after,
            loop=loop,
            realtime=realtime,
            duration_s=duration,
            price=price,
            most_segments=most_segments,
            check_every=check_every,
            bond_budget=bond_budget,
            elect_every=elect_every,
            window=window,
            stay=stay,
            drain_s=drain_seconds,
        )
    except BadSetup as exc:
        raise click.UsageError(str(exc)) from exc
    run(serve(settings))


@broadcaster.command()
@opt.data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(data: Path, as_json: bool) -> None:
    """Show what a running broadcaster is doing."""
    from offchain.node.control import ask

    show_status(run(ask(data, "status")), as_json)
