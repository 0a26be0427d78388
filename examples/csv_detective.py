"""Proves: code looks at a file in the sandbox, an error is mended with the variables still there, and a plot comes back.

A script stood in for the model when this was recorded (`--live` runs it again). The sandbox is real, and what it
answers is compared with the recording.
"""

import sys
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal
from glm_agent.testing import ReplayModel, ScriptedModel, code, say
from glm_sandbox import open_sandbox
from glm_tools import PythonTool

RECORDING = Path(__file__).parent / "recordings" / "csv_detective.json"
SALES = b"day,amount\nmon,100\ntue,103\nwed,990\nthu,98\n"
LOOK = """\
import pandas as pd
sales = pd.read_csv('/mnt/data/sales.csv')
if 'amont' not in sales: raise KeyError(f"no column 'amont' in {list(sales)}")
"""
PLOT = """\
import matplotlib.pyplot as plt
plt.bar(sales['day'], sales['amount'])
plt.show()
"""


def live() -> tuple[ChatModel]:
    find = "sales.loc[sales['amount'].idxmax(), 'day']"
    return (ScriptedModel([code(LOOK), code(find), code(PLOT), say("Wednesday stands out: 990.")]),)


def main(model: ChatModel, journal: Journal | None = None) -> None:
    python = PythonTool(lambda: open_sandbox(files={"sales.csv": SALES}))
    with Agent(model, tools=[python], journal=journal) as agent:
        result = agent.run("What stands out in /mnt/data/sales.csv? Plot it.")
    results = [step.result for step in result.steps if step.result is not None]
    for one in results:
        print(one.status, one.text.splitlines()[-1], [file.name for file in one.attachments])
    assert [one.status for one in results] == ["error", "ok", "ok"]
    assert "KeyError" in results[0].text
    assert "wed" in results[1].text
    assert results[2].attachments[0].data.startswith(b"\x89PNG")


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])
