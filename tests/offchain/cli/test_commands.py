"""What a newcomer meets: help that helps, one sentence for every mistake, a status for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offchain.chain.keys import create_keystore
from offchain.cli.broadcaster import broadcaster
from offchain.cli.main import main
from offchain.cli.worker import worker
from offchain.node import errors

ROOT = Path(__file__).resolve().parents[3]
ENTRIES = ["worker", "broadcaster"]


def invoke(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A deployment file of a chain nobody serves."""
    path = tmp_path / "nowhere.json"
    contract = {"address": "0x" + "11" * 20, "codeHash": "0x" + "00" * 32}
    document = {"name": "x", "chainId": 5, "production": False, "startBlock": 0}
    path.write_text(json.dumps({**document, "contracts": {"Controller": contract}}))
    return path


@pytest.fixture
def key(tmp_path: Path) -> list[object]:
    """Options that name a good keystore."""
    password = tmp_path / "pw.txt"
    password.write_text("secret words\n")
    password.chmod(0o600)
    create_keystore(tmp_path / "key.json", "secret words", secret=b"\x07" * 32, scrypt_n=2)
    return ["--keystore", tmp_path / "key.json", "--password-file", password]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A tiny real video."""
    import av

    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_file_is_the_command_from_any_folder(name: str, tmp_path: Path) -> None:
    """Run as a file, in another folder, the entry says what the console command says."""
    result = subprocess.run(
        [sys.executable, str(ROOT / "offchain" / f"{name}.py"), "--help"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    group = {"worker": worker, "broadcaster": broadcaster}[name]
    ours = CliRunner().invoke(group, ["--help"], terminal_width=80)

    # Lines break elsewhere at another width; the list of commands is cut to fit it.
    said = [text.partition("Commands:")[0].split()[2:] for text in (result.stdout, ours.output)]
    assert said[0] == said[1]
    assert f"python offchain/{name}.py run --network" in result.stdout


@pytest.mark.parametrize("words", [[], ["worker", "run"], ["broadcaster", "run"], ["tx"], ["keys"]])
def test_every_command_has_help(words: list[str]) -> None:
    result = invoke(*words, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_every_option_of_a_node_says_what_it_is_for() -> None:
    for group in (worker, broadcaster):
        for name, command in group.commands.items():
            for param in command.params:
                words = getattr(param, "help", "")
                assert words, f"{group.name} {name} {param.name}"


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"--network": "nosuch"}, errors.EXIT_CONFIG, "nosuch.json"),
        ({"--keystore": "/nonexistent"}, errors.EXIT_NO_KEY, "keystore /nonexistent cannot be"),
        ({"--rpc": "http://127.0.0.1:9"}, errors.EXIT_NO_RPC, "no RPC endpoint answered"),
        ({"--rpc": "ws://127.0.0.1:9"}, errors.EXIT_CONFIG, "not an http:// or https://"),
        ({"--listen": "nowhere"}, 2, "is not HOST:PORT"),
        ({"--price": "cheap"}, 2, "is not a price"),
    ],
)
def test_what_a_node_cannot_start_with_is_one_sentence(
    kind: str,
    change: dict[str, str],
    status: int,
    sentence: str,
    network: Path,
    key: list[object],
    clip: Path,
    tmp_path: Path,
) -> None:
    # Contracts are asked for by name: the file above has one too few, so give it one.
    document = json.loads(network.read_text())
    document["contracts"]["Controller"] = {
        "address": "0x" + "11" * 20,
        "codeHash": "0x" + "00" * 32,
    }
    network.write_text(json.dumps(document))
    words: list[object] = [kind, "run", "--network", network, *key, "--data", tmp_path / "data"]
    if kind == "broadcaster":
        words += ["--input", clip]
    words += [word for pair in change.items() for word in pair]

    result = invoke(*words)

    assert result.exit_code == status, result.output
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_wrong_password_and_open_password_file_have_their_sentence(
    network: Path, key: list[object], tmp_path: Path
) -> None:
    password = Path(str(key[3]))
    base = ["worker", "run", "--network", network, *key, "--data", tmp_path / "d"]

    password.write_text("other words\n")
    wrong = invoke(*base)
    password.chmod(0o644)
    open_to_all = invoke(*base)

    assert (wrong.exit_code, open_to_all.exit_code) == (errors.EXIT_NO_KEY, errors.EXIT_NO_KEY)
    assert "wrong password for keystore" in wrong.output
    assert "can be read by others: chmod 600" in open_to_all.output
    assert "other words" not in wrong.output


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (None, errors.EXIT_NO_INPUT, "there is no video file"),
        (b"", errors.EXIT_BAD_INPUT, "is not a video"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", errors.EXIT_BAD_INPUT, "is not a video"),
        (b"hello" * 1000, errors.EXIT_BAD_INPUT, "is not a video"),
    ],
)
def test_input_that_is_no_video_is_one_sentence(
    content: bytes | None,
    status: int,
    sentence: str,
    network: Path,
    key: list[object],
    tmp_path: Path,
) -> None:
    path = tmp_path / "input.mp4"
    if content is not None:
        path.write_bytes(content)

    result = invoke(
        "broadcaster", "run", "--network", network, *key, "--data", tmp_path / "d", "--input", path
    )

    assert result.exit_code == status, result.output
    assert sentence in result.output
    assert str(path) in result.output


def test_flags_win_over_environment_over_file_over_defaults(
    network: Path, key: list[object], tmp_path: Path
) -> None:
    """The same option set in three places: the chain endpoint that is tried tells who won."""
    document = json.loads(network.read_text())
    document["contracts"]["Controller"] = {
        "address": "0x" + "11" * 20,
        "codeHash": "0x" + "00" * 32,
    }
    network.write_text(json.dumps(document))
    config = tmp_path / "worker.toml"
    config.write_text(f'rpc = ["http://127.0.0.1:1"]\nnetwork = "{network}"\n')
    words: list[object] = ["worker", "run", "--config", config, *key, "--data", tmp_path / "d"]

    by_file = invoke(*words)
    by_environment = invoke(*words, LIVEPEER_RPC="http://127.0.0.1:2")
    by_flag = invoke(*words, "--rpc", "http://127.0.0.1:3", LIVEPEER_RPC="http://127.0.0.1:2")

    found = [each.output for each in (by_file, by_environment, by_flag)]
    assert ["127.0.0.1:1:" in found[0], "127.0.0.1:2:" in found[1], "127.0.0.1:3:" in found[2]] == [
        True
    ] * 3, found


def test_configuration_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "worker.toml"
    config.write_text("prise = 5\n")

    result = invoke("worker", "run", "--config", config)

    assert result.exit_code == errors.EXIT_CONFIG
    assert "sets prise, which is not an option here" in result.output


def test_status_drain_and_tx_say_that_no_node_runs(tmp_path: Path) -> None:
    for words in (["worker", "status"], ["worker", "drain"], ["broadcaster", "status"]):
        result = invoke(*words, "--data", tmp_path)
        assert (result.exit_code, "no node is running" in result.output) == (1, True)
    result = invoke("tx", "list", "--data", tmp_path)
    assert (result.exit_code, "no node is running" in result.output) == (1, True)


def test_new_key_is_encrypted_shown_and_never_overwritten(tmp_path: Path) -> None:
    password, keystore = tmp_path / "pw", tmp_path / "key.json"
    password.write_text("correct horse\n")
    password.chmod(0o600)

    made = invoke("keys", "new", keystore, "--password-file", password)
    shown = invoke("keys", "show", keystore)
    again = invoke("keys", "new", keystore, "--password-file", password)

    assert made.exit_code == 0
    assert made.output.split()[0] == shown.output.strip()
    assert keystore.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in keystore.read_text() + made.output
    assert again.exit_code == errors.EXIT_NO_KEY
    assert "never overwritten" in again.output
