"""Proves: code looks at a file in the sandbox, an error is mended with the variables still there, and a plot comes back.

The model is a script; the sandbox is real.
"""

from glm_agent import Agent
from glm_agent.testing import ScriptedModel, code, say
from glm_sandbox import open_sandbox
from glm_tools import PythonTool

SALES = b"day,amount\nmon,100\ntue,103\nwed,990\nthu,98\n"


def main() -> None:
    model = ScriptedModel(
        [
            code(
                "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\nsales['amont'].max()"
            ),
            code("sales.loc[sales['amount'].idxmax(), 'day']"),
            code(
                "import matplotlib.pyplot as plt\nplt.bar(sales['day'], sales['amount'])\nplt.show()"
            ),
            say("Wednesday stands out: 990."),
        ]
    )
    python = PythonTool(lambda: open_sandbox(files={"sales.csv": SALES}))
    with Agent(model, tools=[python]) as agent:
        result = agent.run("What stands out? Plot it.")
    results = [step.result for step in result.steps if step.result is not None]
    for one in results:
        print(one.status, one.text.splitlines()[-1], [file.name for file in one.attachments])
    assert [one.status for one in results] == ["error", "ok", "ok"]
    assert "KeyError" in results[0].text
    assert "wed" in results[1].text
    assert results[2].attachments[0].data.startswith(b"\x89PNG")


if __name__ == "__main__":
    main()
