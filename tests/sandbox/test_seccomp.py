"""The system call filter: its table against the kernel's own, and its program against a reading of classic BPF."""

import platform
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_sandbox.guest import seccomp

ALLOW, KILL = 0x7FFF0000, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


def run(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter returns for a call: an interpreter of the few instructions that classic BPF has for this."""
    data = struct.pack(
        "=iIQ6Q",
        number,
        ARCH[machine] if arch is None else arch,
        0,
        *arguments,
        *[0] * (6 - len(arguments)),
    )
    program = list(struct.iter_unpack("=HBBI", seccomp.build(machine)))
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif code == 0x06:
            return int(operand)
        else:
            taken = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }[code]
            position += if_true if taken else if_false


def numbers(machine: str) -> dict[str, int]:
    """Call -> number from the kernel's headers on this machine."""
    for header in map(Path, HEADERS[machine]):
        if header.exists():
            pattern = r"#define __NR(?:3264)?_(\w+)\s+(\d+)$"
            return {
                name: int(number)
                for name, number in re.findall(
                    pattern, header.read_text(encoding="utf-8"), re.MULTILINE
                )
            }
    pytest.skip(f"no kernel headers for {machine} here: apt-get install linux-libc-dev")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_number_is_the_kernel_s_own(machine: str) -> None:
    """A wrong number would refuse an innocent call and let a dangerous one pass."""
    kernel = numbers(machine)
    column = 0 if machine == "x86_64" else 1
    for name, per_machine in {**seccomp._DENIED, **seccomp._CHECKED}.items():
        if per_machine[column] is not None:
            assert kernel.get(name) == per_machine[column], name


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_denied_calls_are_refused_and_others_are_not(machine: str) -> None:
    column = 0 if machine == "x86_64" else 1
    denied = {row[column] for row in seccomp._DENIED.values() if row[column] is not None}
    special = {row[column] for row in seccomp._CHECKED.values()}
    for number in range(600):
        if number in denied:
            assert run(machine, number) == 0x50001, number
        elif number not in special:
            assert run(machine, number) == ALLOW, number


@given(st.integers(0, 2**32 - 1))
def test_only_known_socket_families_are_made(family: int) -> None:
    """Unix and inet sockets are needed, and reach nobody without a network; all others are kernel surface."""
    expected = ALLOW if family in (1, 2, 10) else 0x50061
    assert run("x86_64", 41, family) == expected
    assert run("aarch64", 198, family) == expected


@given(st.integers(0, 2**32 - 1))
def test_nobody_signals_init_or_everybody(pid: int) -> None:
    for call in (62, 234, 129, 297):
        assert run("x86_64", call, pid) == (0x50001 if pid in (1, 2**32 - 1) else ALLOW)


@given(st.integers(0, 2**32 - 1))
def test_clone_makes_no_namespace(flags: int) -> None:
    """Flags as in linux/sched.h: NEWTIME 0x80, NEWNS 0x20000, and the six from NEWCGROUP on."""
    asks = bool(flags & (0x80 | 0x20000 | 0x7E000000))
    assert run("x86_64", 56, flags) == (0x50001 if asks else ALLOW)


def test_limits_of_others_are_out_of_reach() -> None:
    """L1: prlimit on PID 1 killed the supervisor although it could not be traced."""
    assert run("x86_64", 302, 0) == ALLOW
    assert run("x86_64", 302, 1) == 0x50001
    assert run("x86_64", 302, 77) == 0x50001


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_the_only_scheduling_policy_is_the_ordinary_one(pid: int, policy: int) -> None:
    """SCHED_IDLE would starve the supervisor; SCHED_OTHER, which it has, is what ZeroMQ asks for its own threads."""
    expected = ALLOW if policy == 0 else 0x50001
    assert run("x86_64", 144, pid, policy) == expected
    assert run("aarch64", 119, pid, policy) == expected


def test_other_architectures_do_not_slip_through() -> None:
    """32-bit and x32 calls have other numbers for the same things."""
    assert run("x86_64", 0, arch=0x40000003) == KILL
    assert run("x86_64", 0x40000000 + 101) == 0x50026


def test_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.build("riscv64")


def test_this_machine_has_a_filter() -> None:
    assert seccomp.build(platform.machine())
