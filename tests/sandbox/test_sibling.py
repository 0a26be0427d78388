"""The fork behind a snapshot: the copy is the supervisor's child, and is in order."""

import json
import subprocess
import sys

import pytest

# A parent, a caller below it, and the copy that the caller makes: it must be the parent's child.
SCRIPT = """
import json, os, sys, threading
from glm_sandbox.guest.privileges import become_subreaper
from glm_sandbox.guest.sibling import fork_sibling

become_subreaper()  # as the supervisor is
read_end, write_end = os.pipe()
caller = os.fork()
if caller == 0:
    hooks, gate = [], threading.Event()
    os.register_at_fork(before=lambda: hooks.append("before"), after_in_child=lambda: hooks.append("child"))
    threads = [threading.Thread(target=gate.wait) for _ in range(int(sys.argv[1]))]
    for thread in threads:
        thread.start()
    frozen = []
    pid = fork_sibling(lambda: frozen.append((os.getpid(), "child" in hooks)))
    if pid == 0:
        found = {"pid": os.getpid(), "thread": threading.get_native_id(), "hooks": hooks[-2:],
            "threads": threading.active_count(), "frozen": frozen}
        started = threading.Thread(target=lambda: found.update(started=True))  # locks and thread states are in order
        started.start()
        started.join()
        os.write(write_end, json.dumps(found).encode())
        os._exit(0)
    gate.set()
    try:
        met = os.waitpid(-1, 0)[0]
    except ChildProcessError:
        met = 0
    os.write(write_end, json.dumps({"copy": pid, "met": met, "frozen_caller": frozen}).encode())
    os._exit(0)
os.close(write_end)
ended = {os.wait()[0] for _ in range(2)}
with os.fdopen(read_end) as pipe:
    text = pipe.read()
answers = json.loads("[" + text.replace("}{", "},{") + "]")
print(json.dumps({"ended": sorted(ended - {caller}), **answers[0], **answers[1]}))
"""


@pytest.mark.parametrize("threads", [0, 2])
def test_the_copy_is_a_sibling_whole_and_unseen(threads: int) -> None:
    """With one thread by CLONE_PARENT, with several by two forks: the same either way."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(threads)],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=60,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen["copy"] == seen["pid"] == seen["thread"]
    assert seen["met"] == 0  # the caller's wait finds no child
    assert seen["ended"] == [seen["copy"]]  # the parent's does
    assert seen["hooks"][-1] == "child"
    assert "before" in seen["hooks"]
    assert (seen["threads"], seen["started"]) == (1, True)
    # once, in the copy alone; with one thread before any hook has made the copy write to its pages
    assert seen["frozen"] == [[seen["copy"], threads > 0]]
    assert seen["frozen_caller"] == []
