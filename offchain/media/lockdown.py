"""What the media child gives up before it reads a stranger's bytes.

Decoders are assumed to be taken over some day: afterwards the process can still compute and answer
on its pipes, but open no file or socket, start no process, and take no more memory than its cap.
Each step that the kernel refuses is left out; the names of those that held are returned.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

MEMORY = 1900 << 20  # bytes of address space

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_DUMPABLE = 38, 22, 4
_SECCOMP_MODE_FILTER = 2
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00010000, 0x10000000, 0x40000000

# Audit architecture, then numbers of the system calls refused, of clone, and of clone3.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        # open creat openat openat2; sockets; fork vfork exec; signals, ptrace; names and folders;
        # mounts, namespaces, modules; shared memory between processes; io_uring, bpf, userfaultfd.
        (
            2, 85, 257, 437,
            41, 42, 43, 49, 50, 53, 288,
            57, 58, 59, 322, 62, 129, 200, 234, 297, 424, 101, 310, 311,
            82, 83, 84, 86, 87, 88, 90, 92, 133, 258, 259, 260, 263, 264, 265, 266, 268, 316,
            76, 161, 165, 166, 155, 272, 308, 175, 313, 246, 169,
            29, 30, 425, 426, 427, 321, 323, 304, 438, 434,
        ),
        56,
        435,
    ),
    "aarch64": (
        0xC00000B7,
        (
            56, 437,
            198, 199, 200, 201, 202, 203, 242,
            221, 281, 129, 130, 131, 138, 240, 424, 117, 270, 271,
            33, 34, 35, 36, 37, 38, 53, 54, 276,
            45, 51, 40, 39, 41, 97, 268, 105, 273, 104, 142,
            194, 196, 425, 426, 427, 280, 282, 265, 438, 434,
        ),
        220,
        435,
    ),
}  # fmt: skip


def lock_down(memory: int = MEMORY) -> list[str]:
    """Gives up what decoding does not need; call it after the last import."""
    held: list[str] = []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        held.append("network namespace")
    for name, number, value in (
        ("memory", resource.RLIMIT_AS, memory),
        ("files written", resource.RLIMIT_FSIZE, 0),
        ("core dumps", resource.RLIMIT_CORE, 0),
        ("open files", resource.RLIMIT_NOFILE, 16),
    ):
        try:
            resource.setrlimit(number, (value, value))
            held.append(name)
        except (OSError, ValueError):  # already lower
            continue
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
        held.append("inspection")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("new privileges")
        if _filter_calls(libc):
            held.append("system calls")
    return held


def _filter_calls(libc: ctypes.CDLL) -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None or os.name != "posix":
        return False
    code = _program(*machine)
    buffer = ctypes.create_string_buffer(code)
    # struct sock_fprog: count of 8-byte instructions, padding, pointer.
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) == 0)


def _program(architecture: int, refused: tuple[int, ...], clone: int, clone3: int) -> bytes:
    """A classic BPF program over struct seccomp_data {nr, arch, ip, args}."""
    load, equal, at_least, set_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06

    def step(code: int, value: int, hit: int = 0, miss: int = 0) -> bytes:
        return struct.pack("HBBI", code, hit, miss, value)

    steps = [
        step(load, 4),
        step(equal, architecture, 1, 0),
        step(give, _KILL),
        step(load, 0),
        # x86-64 has a second set of numbers for the same calls.
        step(at_least, 0x40000000, 0, 1),
        step(give, _ERRNO | _EPERM),
        # clone3 hides its flags in memory; told it is missing, libc falls back to clone.
        step(equal, clone3, 0, 1),
        step(give, _ERRNO | _ENOSYS),
    ]
    for number in refused:
        steps += [step(equal, number, 0, 1), step(give, _ERRNO | _EPERM)]
    steps += [
        step(equal, clone, 0, 3),
        step(load, 16),
        step(set_bits, _CLONE_THREAD, 1, 0),
        step(give, _ERRNO | _EPERM),
        step(give, _ALLOW),
    ]
    return b"".join(steps)
