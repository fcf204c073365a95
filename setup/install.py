"""Set up everything this repository needs, once; afterwards return at once.

Run by `make` with any Python; uses the standard library only. It makes `.venv` from
`requirements.lock`, gets anvil, the player library and the demo clip from npm, and vendors the
player library into `offchain/web/vendor/`. A stamp beside each result records what it was made
from, so a second run does nothing and needs no network.

Exit status: 0 ready, 1 something is missing (one sentence on standard error says what to do).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, ".run", "setup")
UNREACHABLE = (
    "NewConnectionError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "No matching distribution found",
)


class SetupError(Exception):
    """What is missing and what to do about it, in one sentence."""


def say(text):
    print("setup: " + text, flush=True)


def digest(*names):
    """Fingerprint of the files a result is made from, and of the Python that makes it."""
    h = hashlib.sha256()
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as f:
            h.update(name.encode() + b"\0" + f.read())
    return h.hexdigest()


def stamped(path, wanted):
    try:
        with open(path) as f:
            return f.read() == wanted
    except OSError:
        return False


def stamp(path, text):
    with open(path, "w") as f:
        f.write(text)


def run(argv, log, what):
    """Run a command with its output in a log; SetupError says in words why it failed."""
    os.makedirs(LOGS, exist_ok=True)
    path = os.path.join(LOGS, log)
    with open(path, "wb") as out:
        try:
            code = subprocess.call(argv, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        except OSError as error:
            raise SetupError("cannot run %s: %s." % (argv[0], error.strerror))
    if code == 0:
        return
    with open(path, errors="replace") as f:
        text = f.read()
    if any(mark in text for mark in UNREACHABLE):
        raise SetupError(
            "cannot %s: the package index cannot be reached; connect to the network for this "
            "first set-up (or configure pip and npm for your mirror) and run it again "
            "(log: %s)." % (what, path)
        )
    if "No space left on device" in text:
        raise SetupError("cannot %s: the disk is full (about 1.2 GB are needed)." % what)
    raise SetupError("cannot %s: exit status %d (log: %s)." % (what, code, path))


def check_python():
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        raise SetupError(
            "Python 3.11 or 3.12 is needed and this is %d.%d: install one of them, or name it "
            "with `make PYTHON=/path/to/python3.11 ...`." % sys.version_info[:2]
        )


def check_node():
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise SetupError(
            "Node and npm are needed (they bring the local chain anvil, the player and the demo "
            "clip): install Node 18 or later, for example `apt install nodejs npm`."
        )
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    major = version.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < 18:
        raise SetupError("Node 18 or later is needed and this is %s." % (version or "unknown"))


def python_environment(venv, lock, label):
    """Virtual environment `venv` with exactly the packages of `lock`."""
    home = os.path.join(ROOT, venv)
    mark = os.path.join(home, ".stamp")
    wanted = digest(lock, "pyproject.toml") + " %d.%d " % sys.version_info[:2] + home
    if stamped(mark, wanted):
        return
    python = os.path.join(home, "bin", "python")
    try:
        old = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"],
            capture_output=True,
            text=True,
        ).stdout.strip()
    except OSError:
        old = ""
    if old != "%d.%d %s" % (sys.version_info[0], sys.version_info[1], home):
        shutil.rmtree(home, ignore_errors=True)  # none yet, another Python, or a moved folder
        say("making %s" % venv)
        run([sys.executable, "-m", "venv", home], "venv.log", "make " + venv)
    elif os.path.exists(mark):
        os.remove(mark)
    say("installing %s (a minute or two)" % label)
    started = time.time()
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]
    run(
        pip + ["--require-hashes", "--no-deps", "--retries", "2", "-r", lock],
        "pip-%s.log" % venv.lstrip("."),
        "install Python packages",
    )
    if venv == ".venv":
        run(
            pip + ["--no-deps", "--no-build-isolation", "-e", ROOT],
            "pip-project.log",
            "install the console script `livepeer`",
        )
    stamp(mark, wanted)
    say("%s ready in %.0f s" % (label, time.time() - started))


def node_packages():
    home = os.path.join(ROOT, "node_modules")
    mark = os.path.join(home, ".stamp")
    wanted = digest("package.json", "package-lock.json")
    if not stamped(mark, wanted):
        check_node()
        say("installing anvil, hls.js and the demo clip from npm")
        started = time.time()
        run(
            ["npm", "install", "--no-save", "--ignore-scripts", "--no-progress"],
            "npm.log",
            "install npm packages",
        )
        stamp(mark, wanted)
        say("npm packages ready in %.0f s" % (time.time() - started))
    check_anvil(home)
    vendor(home)


def check_anvil(home):
    """The one from npm, or one on PATH; both are asked for their version, not only looked for."""
    for anvil in (os.path.join(home, ".bin", "anvil"), shutil.which("anvil")):
        if anvil and os.path.exists(anvil):
            try:
                if subprocess.call([anvil, "--version"], stdout=subprocess.DEVNULL) == 0:
                    return
            except OSError:
                continue
    raise SetupError(
        "no working anvil: npm brought none for this machine; install Foundry so that `anvil` "
        "is on PATH."
    )


def vendor(home):
    """Serve the player library ourselves: copy it from npm into the page's folder."""
    target = os.path.join(ROOT, "offchain", "web", "vendor")
    os.makedirs(target, exist_ok=True)
    for source, name in (("dist/hls.min.js", "hls.min.js"), ("LICENSE", "hls.LICENSE")):
        path = os.path.join(home, "hls.js", *source.split("/"))
        copy = os.path.join(target, name)
        if not os.path.exists(copy) or os.path.getmtime(copy) < os.path.getmtime(path):
            shutil.copyfile(path, copy)


def disk_use():
    total = 0
    for folder in (".venv", "node_modules"):
        for base, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                try:
                    total += os.lstat(os.path.join(base, name)).st_size
                except OSError:
                    continue
    return total


def main(argv):
    fresh = not os.path.exists(os.path.join(ROOT, ".venv", ".stamp"))
    check_python()
    python_environment(".venv", "requirements.lock", "Python packages")
    node_packages()
    if "--lint" in argv:
        python_environment(".venv-lint", "requirements-lint.lock", "the Vyper formatter")
    if fresh:
        say("done; .venv and node_modules take %.0f MB; logs: %s" % (disk_use() / 1e6, LOGS))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        sys.stderr.write("setup: %s\n" % error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("setup: interrupted; run it again to go on.\n")
        sys.exit(130)
