"""A system call filter of our own, stacked on whatever the engine gives.

Covers: calls that reach far into the kernel or at other processes and that data analysis never needs: namespaces and
mounts, tracing, io_uring, BPF, keys, clocks, modules, System V's shared memory; sockets other than unix and inet; signals to PID 1 and to
everybody; resource limits, priorities and affinity of other processes. Docker's default profile differs by version:
20.10 lets io_uring, AF_VSOCK and AF_NETLINK through (measured).
Does not cover: bugs in the calls that are left, and what a process does to others of its own session.

Classic BPF as in Linux Documentation/userspace-api/seccomp_filter.rst. Call numbers: arch/x86/entry/syscalls/
syscall_64.tbl and include/uapi/asm-generic/unistd.h (aarch64).
"""

import ctypes
import os
import platform
import struct

# name: (x86_64, aarch64); None where the architecture has no such call
_DENIED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "seccomp": (317, 277),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "vmsplice": (278, 75),
    "syslog": (103, 116),
    "personality": (135, 92),
    "shmget": (29, 194),  # these four make what outlives its process, in the session's memory
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
}
_CHECKED = {
    "socket": (41, 198),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "clone": (56, 220),
    "clone3": (435, 435),
    "ioctl": (16, 29),
}
_MACHINES = ("x86_64", "aarch64")  # the columns of the tables above
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_NEW_NAMESPACE_FLAGS = (
    0x7E020080  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME
)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # push characters into a terminal
_ALLOWED_SOCKET_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
_SCHED_OTHER = 0
_INIT_AND_EVERYBODY = (1, 0xFFFFFFFF)  # kill(1, ...), kill(-1, ...)

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_OFFSET, _ARCH_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16  # struct seccomp_data
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 0x50001, 0x50026, 0x50061  # SECCOMP_RET_ERRNO | errno

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _argument(index: int) -> _Instruction:
    """Load the low half of an argument: every one checked here is a 32-bit int to the kernel."""
    return (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * index)


def _on_call(number: int, body: list[_Instruction]) -> list[_Instruction]:
    """`body` for the call `number`; `body` ends in a return on every path."""
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _only_values(index: int, allowed: tuple[int, ...], refusal: int) -> list[_Instruction]:
    tests = [(_JUMP_EQUAL, len(allowed) - i, 0, value) for i, value in enumerate(allowed)]
    return [_argument(index), *tests, (_RETURN, 0, 0, refusal), (_RETURN, 0, 0, _ALLOW)]


def _all_values_but(index: int, refused: tuple[int, ...], refusal: int) -> list[_Instruction]:
    tests = [(_JUMP_EQUAL, len(refused) - i, 0, value) for i, value in enumerate(refused)]
    return [_argument(index), *tests, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, refusal)]


def call_number(name: str, machine: str) -> int:
    """The number of a call that this filter looks into."""
    return _CHECKED[name][_MACHINES.index(machine)]


def build(machine: str) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Args:
        machine: `x86_64` or `aarch64`, as `platform.machine()` says.

    Raises:
        OSError: another architecture.
    """
    if machine not in _AUDIT_ARCH:
        raise OSError(f"there is no system call filter for {machine!r}")
    column = _MACHINES.index(machine)
    checked = {name: call_number(name, machine) for name in _CHECKED}

    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if machine == "x86_64":
        program += [(_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ENOSYS)]
    for numbers in _DENIED.values():
        number = numbers[column]
        if number is not None:
            program += _on_call(number, [(_RETURN, 0, 0, _EPERM)])
    # libc falls back to clone, whose flags can be read; those of clone3 are behind a pointer
    program += _on_call(checked["clone3"], [(_RETURN, 0, 0, _ENOSYS)])
    program += _on_call(checked["socket"], _only_values(0, _ALLOWED_SOCKET_FAMILIES, _EAFNOSUPPORT))
    for name in ("prlimit64", "sched_setaffinity"):
        program += _on_call(checked[name], _only_values(0, (0,), _EPERM))  # itself only
    # what every process has already: ZeroMQ gives it to its threads, and aborts when it is refused
    program += _on_call(checked["sched_setscheduler"], _only_values(1, (_SCHED_OTHER,), _EPERM))
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        program += _on_call(checked[name], _all_values_but(0, _INIT_AND_EVERYBODY, _EPERM))
    program += _on_call(checked["ioctl"], _all_values_but(1, (_TIOCSTI, _TIOCLINUX), _EPERM))
    refuse_namespaces: list[_Instruction] = [
        _argument(0),
        (_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACE_FLAGS),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program += _on_call(checked["clone"], refuse_namespaces)
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def install(libc: ctypes.CDLL) -> None:
    """Put the filter on this process and all it starts. It cannot be taken off.

    Raises:
        OSError: the kernel or the architecture has no such filters.
    """
    code = build(platform.machine())
    instructions = ctypes.create_string_buffer(code, len(code))
    program = struct.pack(
        "@HP", len(code) // 8, ctypes.addressof(instructions)
    )  # struct sock_fprog
    pointer = ctypes.create_string_buffer(program, len(program))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    if (
        libc.prctl(
            _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(pointer)), 0, 0
        )
        != 0
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"the system call filter was refused: {os.strerror(number)}")
