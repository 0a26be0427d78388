"""Attempts to get out of a sandbox, to break its session, or to fool its host, each with the outcome that is expected.

`run_attacks` puts a back end to the test on the user's own machine. Before each attack a variable and a file are
planted; after it the session must answer, with the variable as the outcome says and the file as it was. Code that
reaches something it must not prints ESCAPED.

Covers: what code can do from inside. Does not cover: bugs of the kernel, and what needs a second party, as killing the
host's process: the tests of this project do that.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glm_sandbox.attack_list import ATTACKS, PRELUDE, Attack
from glm_sandbox.errors import SandboxError
from glm_sandbox.sandbox import ExecResult, ResourceLimits, Sandbox

LIMITS = ResourceLimits(
    timeout_s=10.0,
    grace_s=1.0,
    memory_bytes=256 << 20,
    data_bytes=64 << 20,
    data_inodes=512,
    file_bytes=128 << 20,
    output_bytes=8 << 20,
)
_MAX_DELIVERED = 200_000
_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class AttackResult:
    """How one attack went.

    Attributes:
        attack: what was tried.
        outcome: status and variables, as `timeout/rolled_back`.
        problem: what is wrong about it; empty when the attack was contained.
        duration_s: wall time, the answer after it included.
    """

    attack: Attack
    outcome: str
    problem: str
    duration_s: float


def run_attacks(
    open_session: Callable[[ResourceLimits], Sandbox],
    attacks: Sequence[Attack] = (),
    on_result: Callable[[AttackResult], None] = lambda _: None,
) -> list[AttackResult]:
    """Run attacks one after the other in one session, as an attacker would.

    Args:
        open_session: starts a session of the back end with the given limits.
        attacks: which; all when empty.
        on_result: called as each is over.
    """
    results = []
    sandbox = open_session(LIMITS)
    try:
        for attack in attacks or ATTACKS:
            result = run_attack(sandbox, attack)
            results.append(result)
            on_result(result)
    finally:
        sandbox.close()
    return results


def run_attack(sandbox: Sandbox, attack: Attack) -> AttackResult:
    """Run one attack in a session, and see what is left of the session."""
    start = time.monotonic()
    outcome = "-"
    try:
        planted = sandbox.execute(
            "canary = 41\nn = open('/mnt/data/canary', 'w').write('planted')\nimport os\nos.chdir('/mnt/data')"
        )
        problem = "" if planted.status == "ok" else f"the session was broken before it: {planted}"
        if not problem:
            result = sandbox.execute(PRELUDE + attack.code, timeout_s=attack.timeout_s)
            outcome = f"{result.status}/{result.variables}"
            problem = _judge(attack, result) or _look_after(sandbox, attack, result)
    except SandboxError as error:
        problem = f"{type(error).__name__}: {error}"
    return AttackResult(attack, outcome, problem, time.monotonic() - start)


def _judge(attack: Attack, result: ExecResult) -> str:
    outcome = f"{result.status}/{result.variables}"
    if outcome not in attack.outcomes:
        return f"ended as {outcome}, not {' or '.join(attack.outcomes)}: {_summary(result)}"
    shown = "\n".join(
        part for part in (result.stdout, result.stderr, result.value, result.error) if part
    )
    if "ESCAPED" in shown:
        return shown[shown.index("ESCAPED") :][:500]
    if len(shown) > _MAX_DELIVERED:
        return f"{len(shown):,} characters were delivered"
    if attack.says not in "\n".join((shown, result.message)):
        return f"did not say {attack.says!r}: {_summary(result)}"
    return ""


def _look_after(sandbox: Sandbox, attack: Attack, result: ExecResult) -> str:
    """What is wrong with the session after the attack."""
    if attack.from_host is not None and (problem := attack.from_host(sandbox)):
        return problem
    start = time.monotonic()
    after = sandbox.execute("print(open('/mnt/data/canary').read())\ncanary", timeout_s=_ANSWER_S)
    expected = ("planted\n", None if result.variables == "lost" else "41")
    if (after.stdout, after.value) != expected:
        return f"afterwards the session had {_summary(after)}"
    if time.monotonic() - start > _ANSWER_S:
        return "afterwards the session was slow"
    return ""


def _summary(result: ExecResult) -> str:
    parts = (
        result.message,
        result.stdout[-200:],
        result.stderr[-200:],
        result.value,
        (result.error or "")[-300:],
    )
    return " | ".join(part for part in parts if part)
