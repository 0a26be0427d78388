"""Record an example anew: `python examples/recordings/record.py NAME…`; the result is in NAME.json beside this file.

The example runs with the model that its `live` gives, and all that happens goes into a journal, which is exported as
`glm-agent sessions export --format json` does it. `glm_agent.testing.ReplayModel` plays the file.
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path

from glm_agent import Journal
from glm_agent.export import session_json

RECORDINGS = Path(__file__).resolve().parent


def record(name: str) -> Path:
    """Run the example of that name, and write its recording: of all its sessions, run after run."""
    example = importlib.import_module(name)
    models = example.live()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.sqlite3")
        example.main(*models, journal=journal)
        sessions = sorted(journal.sessions(), key=lambda session: session.created)
        exported = [session_json(journal, session) for session in sessions]
        journal.close()
    whole = exported[0] | {"runs": [run for session in exported for run in session["runs"]]}
    path = RECORDINGS / f"{name}.json"
    path.write_text(json.dumps(whole, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def main() -> None:
    sys.path.insert(0, str(RECORDINGS.parent))
    for name in sys.argv[1:]:
        print(record(name))


if __name__ == "__main__":
    main()
