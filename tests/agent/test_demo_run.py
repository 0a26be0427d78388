"""The main job, with the embedded demo model and a real sandbox, as a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from glm_sandbox.docker import LABEL
from glm_sandbox.engine import find_engine

QUESTION = "What is 37 * 43? Use python."


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "glm_agent", "run", *arguments]


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "GLM_AGENT_HOME": str(tmp_path)}


def leftovers() -> set[str]:
    """Sandboxes of this user that are running: containers with our label, and bubblewrap processes."""
    with contextlib.closing(find_engine().connect(timeout_s=30)) as client:
        containers = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    found = {str(container.id) for container in containers}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"bwrap" in (process / "cmdline").read_bytes().split(b"\0")[0]:
                found.add(process.name)
        except OSError:
            continue
    return found


def test_a_question_is_answered_by_code_that_ran_in_a_sandbox(tmp_path: Path) -> None:
    before = leftovers()
    done = subprocess.run(
        command(QUESTION, "--json"),
        capture_output=True,
        encoding="utf-8",
        env=environment(tmp_path),
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert "1591" in record["answer"]
    assert record["finish_reason"] == "answer"
    calls = [step["call"]["name"] for step in record["steps"] if step["call"]]
    assert calls == ["python"]
    assert "1591" in record["steps"][0]["result"]["text"]
    assert record["usage"]["reused_tokens"] > 0
    assert leftovers() <= before
    replayed = subprocess.run(
        [sys.executable, "-m", "glm_agent", "replay", record["run_id"]],
        capture_output=True,
        encoding="utf-8",
        env=environment(tmp_path),
        timeout=60,
        check=True,
    )
    assert QUESTION in replayed.stdout
    assert "1591" in replayed.stdout


def test_the_answer_alone_goes_to_stdout_and_a_pipe_beside_the_prompt_is_read(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        command("Say hello.", "--no-tools", "--max-new-tokens", "20"),
        input="some text from a pipe",
        capture_output=True,
        encoding="utf-8",
        env=environment(tmp_path),
        timeout=280,
        check=False,
    )
    assert done.returncode in (0, 4), done.stderr
    assert done.stdout.strip()
    assert "tokens/s" in done.stderr
    assert "tokens/s" not in done.stdout


def test_ctrl_c_stops_says_what_is_saved_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The interrupt comes as soon as the run says that it uses the demo model: in the middle of the work."""
    before = leftovers()
    process = subprocess.Popen(
        command("Count from 1 to 500, each number on its own line.", "--max-new-tokens", "4000"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(tmp_path),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    killer = threading.Timer(240, process.kill)
    killer.start()
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "demo model (" in line:
            process.send_signal(signal.SIGINT)
    process.stdout.read()
    code = process.wait()
    killer.cancel()
    process.stdout.close()
    process.stderr.close()
    assert code == 130, "".join(lines)
    assert "Traceback" not in "".join(lines)
    assert "nterrupted" in "".join(lines)
    assert leftovers() <= before
