"""The last things the supervisor does with privileges, before it reads a single byte from outside.

Under bubblewrap it starts with CAP_SYS_ADMIN in its own user namespace, because bwrap cannot limit the inodes of a
tmpfs: it mounts its own and gives every capability away for good. Under Docker it starts with none.
"""

import ctypes
import os

_MS_NOSUID, _MS_NODEV = 2, 4
(
    _PR_SET_DUMPABLE,
    _PR_CAPBSET_DROP,
    _PR_SET_CHILD_SUBREAPER,
    _PR_SET_NO_NEW_PRIVS,
    _PR_CAP_AMBIENT,
) = 4, 24, 36, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 64

libc = ctypes.CDLL(None, use_errno=True)


def mount_tmpfs(path: str, options: str) -> None:
    """Mount a tmpfs, e.g. with `size=1m,nr_inodes=10,mode=0700`.

    Raises:
        OSError: the kernel refuses.
    """
    result = libc.mount(
        b"tmpfs", os.fsencode(path), b"tmpfs", _MS_NOSUID | _MS_NODEV, options.encode("ascii")
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot mount a tmpfs: {os.strerror(number)}", path)


def drop_all() -> None:
    """Give up every capability, in every set, with no way back.

    Raises:
        OSError: one was left.
    """
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_CAPABILITIES):
        libc.prctl(
            _PR_CAPBSET_DROP, capability, 0, 0, 0
        )  # refused where none is held: nothing to drop then
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot drop capabilities: {os.strerror(number)}")


def set_dumpable(allowed: bool) -> None:
    """Whether other processes of this user may trace this one and read its /proc entries."""
    libc.prctl(_PR_SET_DUMPABLE, int(allowed), 0, 0, 0)


def become_subreaper() -> None:
    """Make orphans below this process its children, as they are for PID 1."""
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
