"""Proves: a tool's own error goes back to the model, which mends its call; the database cannot be changed.

A script stood in for the model when this was recorded (`--live` runs it again): a misspelt column, an attempt to
write, then the right question. The database is real, and what it answers is compared with the recording.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from glm_agent import Agent, ChatModel, Journal, Tool, ToolError, tool
from glm_agent.testing import ReplayModel, ScriptedModel, call, say

RECORDING = Path(__file__).parent / "recordings" / "ask_my_database.json"
BEST = "select customer, sum(cents) as cents from orders group by customer order by 2 desc"


def make_database(path: Path) -> None:
    orders = [("Mei", 900), ("Ola", 250), ("Mei", 400)]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table orders (customer text, cents integer)")
        database.executemany("insert into orders values (?, ?)", orders)


def query_tool(path: Path) -> Tool:
    @tool(timeout_s=10)
    def query(sql: str) -> list[dict[str, str | int]]:
        """Ask the shop's database: orders(customer, cents).

        Args:
            sql: one SELECT.
        """
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in database.execute(sql).fetchmany(50)]
            except sqlite3.Error as error:
                raise ToolError(f"SQLite says: {error}") from error

    return query


def live() -> tuple[ChatModel]:
    return (
        ScriptedModel(
            [
                call("query", sql="select name from orders"),
                call("query", sql="delete from orders"),
                call("query", sql=BEST),
                say("Mei, with 13 euro."),
            ]
        ),
    )


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.sqlite3"
        make_database(path)
        with Agent(model, tools=[query_tool(path)], journal=journal) as agent:
            result = agent.run("Who is our best customer?")
    results = [step.result for step in result.steps if step.result is not None]
    for one in results:
        print(one.status, one.text)
    assert [one.status for one in results] == ["error", "error", "ok"]
    assert "readonly" in results[1].text
    assert '{"customer": "Mei", "cents": 1300}' in results[2].text


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING)])
