"""A fork whose child is the caller's sibling: a child of the caller's parent, which the caller's `wait` never meets.

One `clone` with CLONE_PARENT. The usual way, two forks of which the one in the middle ends at once, copies the page
tables twice and waits for a process to end: three times as slow with pandas loaded (measured). It remains for
processes with several threads, for whom libc's `fork` does more than the call, and where the kernel does not tell the
address at which libc keeps the thread's id, which has to be written anew (clone(2), CLONE_CHILD_SETTID).
"""

import ctypes
import os
import platform
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress

from glm_sandbox.guest.processes import thread_count
from glm_sandbox.guest.seccomp import call_number

_CLONE_PARENT, _CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x8000, 0x200000, 0x1000000
_FLAGS = _CLONE_PARENT | _CLONE_CHILD_CLEARTID | _CLONE_CHILD_SETTID | signal.SIGCHLD
_PR_GET_TID_ADDRESS = 40
_MACHINE = platform.machine()

# Holds the interpreter's lock across the call, as os.fork does. Bound now: a cell may put anything in their place.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
for _hook in (_before_fork, _after_fork_child, _after_fork_parent):
    _hook.restype = None


def fork_sibling(freeze: Callable[[], None]) -> int:
    """As `os.fork`, but the child is a child of this process's parent.

    Args:
        freeze: called in the child, before Python and the modules' hooks put themselves in order after a fork where
            that can wait: it writes to hundreds of pages, each of which would have to be copied. It must do no more
            than call the kernel; threads and locks are of no use yet.

    Raises:
        OSError: there are too many processes, say.
    """
    if thread_count(os.getpid()) == 1 and (address := _thread_id_address()) is not None:
        return _clone(address, freeze)
    pid = _fork_twice()
    if pid == 0:
        freeze()
    return pid


def _thread_id_address() -> ctypes.c_void_p | None:
    """Where libc keeps this thread's id; None where it is not known, as under gVisor."""
    address = ctypes.c_void_p()
    if _MACHINE not in ("x86_64", "aarch64"):
        return None
    return (
        address if _libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0) == 0 else None
    )


def _clone(thread_id: ctypes.c_void_p, freeze: Callable[[], None]) -> int:
    number, flags = ctypes.c_long(call_number("clone", _MACHINE)), ctypes.c_long(_FLAGS)
    # the last two change places between the architectures: the child's thread id, and thread-local storage
    rest = (thread_id, None) if _MACHINE == "x86_64" else (None, thread_id)
    _before_fork()
    pid: int = _libc.syscall(number, flags, None, None, *rest)
    if pid == 0:
        freeze()
        _after_fork_child()
        return 0
    error = ctypes.get_errno()
    _after_fork_parent()
    if pid < 0:
        raise OSError(error, os.strerror(error))
    return pid


def _fork_twice() -> int:
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads are not in the copy
        middle = os.fork()
        if middle == 0:
            with suppress(OSError):
                if os.fork() == 0:
                    os.close(read_end)
                    os.write(write_end, str(os.getpid()).encode("ascii"))
                    os.close(write_end)
                    return 0
            os._exit(0)
    os.close(write_end)
    answer = os.read(read_end, 20)
    os.close(read_end)
    with suppress(ChildProcessError):  # the cell has told the kernel to ignore SIGCHLD
        os.waitpid(middle, 0)
    if not answer:
        raise OSError("no process could be made")
    return int(answer)
