"""Proves: numpy and sympy are in the sandbox, values stay from cell to cell, and an answer is checked by two ways.

A script stood in for the model when this was recorded (`--live` runs it again). The sandbox is real, and what it
computes is compared with the recording.
"""

import math
import sys
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal
from glm_agent.testing import ReplayModel, ScriptedModel, code, say
from glm_sandbox import open_sandbox
from glm_tools import PythonTool

RECORDING = Path(__file__).parent / "recordings" / "unit_lab.json"
SOLVE = """\
import sympy
from sympy.physics.units import convert_to, kilometer, hour, meter, second
v, g, h = sympy.symbols('v g h', positive=True)
speed = sympy.solve(sympy.Eq(v**2 / 2, g * h), v)[0]
print(speed)
"""
CONVERT = """\
drop = speed.subs({g: 9.81 * meter / second**2, h: 20 * meter})
fast = convert_to(drop, [kilometer, hour])
print(f"{float(fast / (kilometer / hour)):.2f} km/h")
"""
INTEGRATE = """\
import numpy as np
step = 1e-5
t = np.arange(0, 3, step)
fallen = np.cumsum(9.81 * t * step)
print(f"{9.81 * t[np.searchsorted(fallen, 20)] * 3.6:.2f} km/h")
"""


def live() -> tuple[ChatModel]:
    answer = say("It hits the ground at 71.31 km/h; formula and integration agree.")
    return (ScriptedModel([code(SOLVE), code(CONVERT), code(INTEGRATE), answer]),)


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with Agent(model, tools=[PythonTool(open_sandbox)], journal=journal) as agent:
        result = agent.run("How fast is a stone after a fall of 20 m, in km/h? Check it twice.")
    formula, exact, integrated = (step.result.text for step in result.steps if step.result)
    print(formula, exact, integrated, result.answer, sep="\n")
    expected = f"{math.sqrt(2 * 9.81 * 20) * 3.6:.2f} km/h"
    assert "sqrt(g)*sqrt(h)" in formula
    assert exact.strip() == integrated.strip() == expected
    assert expected in result.answer


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])
