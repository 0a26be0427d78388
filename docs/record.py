"""Record real commands in a picture of a terminal, docs/terminal.svg: `python docs/record.py`."""

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("terminal.svg")
COMMANDS = (
    ("run", "What is 37 * 43? Use python."),
    ("run", "What is the weather in Oslo?", "--tools", "weather.py"),
    ("models", "plan", "--model", "glm-4-9b-chat", "--context", "131072", "--format", "int4"),
)
WEATHER = '''from glm_agent import tool


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"4 degrees and snow in {city}"
'''
WIDTH = 100


def main() -> None:
    """Run each command with colours, as a terminal of WIDTH columns would get them, and draw what it printed."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    (folder / "weather.py").write_text(WEATHER, encoding="utf-8")
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        for arguments in COMMANDS:
            shown = " ".join(f'"{each}"' if " " in each else each for each in arguments)
            console.print(Text.assemble(("$ ", "bold green"), f"glm-agent {shown}"))
            done = subprocess.run(
                [sys.executable, "-m", "glm_agent", *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=True,
            )
            console.print(Text.from_ansi(done.stdout.rstrip()))
            console.print()
        PICTURE.write_text(console.export_svg(title="glm-agent"), encoding="utf-8")
    sys.stderr.write(f"wrote {PICTURE}\n")


if __name__ == "__main__":
    main()
