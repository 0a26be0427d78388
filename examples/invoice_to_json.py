"""Proves: a batch of mails becomes typed invoices; what comes back is of the type, and a bad line stops nothing.

`--live` runs the embedded demo model, which writes under the type's grammar: that the fields are there and of their
types is certain, that they are right is up to the model, and mails as plain as these are what this small one can read.
Without `--live`, what it wrote when this was recorded is played.
"""

import datetime
import json
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from glm_agent import Agent, ChatModel, Journal, OutputType, load_model
from glm_agent.batch import read_tasks, run_batch
from glm_agent.testing import ReplayModel

RECORDING = Path(__file__).parent / "recordings" / "invoice_to_json.json"
MAIL = "Seller: {seller}\nDate: {date}\nTotal: {total}\nCurrency: {currency}\nInvoice: {number}"
NOT_JSON = '{"prompt": '


class Invoice(BaseModel):
    seller: str
    date: datetime.date
    total: Decimal
    currency: str


EXPECTED = {
    "2026-118": Invoice(
        seller="Norvik Paper",
        date=datetime.date(2026, 11, 3),
        total=Decimal("84.50"),
        currency="GBP",
    ),
    "A-7": Invoice(
        seller="Tarnow Tea House",
        date=datetime.date(2026, 10, 12),
        total=Decimal("19.00"),
        currency="CNY",
    ),
}


def live() -> tuple[ChatModel]:
    return (load_model("demo"),)


def tasks() -> list[str]:
    """A line for each mail, and a wrong one between them."""
    lines = []
    for number, invoice in EXPECTED.items():
        mail = MAIL.format(number=number, **invoice.model_dump())
        lines.append(json.dumps({"id": number, "prompt": f"Read this invoice.\n\n{mail}"}))
    return [lines[0], NOT_JSON, *lines[1:]]


def main(model: ChatModel, journal: Journal | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mails, output = Path(folder) / "mails.jsonl", Path(folder) / "invoices.jsonl"
        mails.write_text("\n".join(tasks()), encoding="utf-8")
        with Agent(model, journal=journal) as agent:
            tally = run_batch(agent, read_tasks(mails), output, output_type=OutputType(Invoice))
        records = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    print(tally)
    assert (tally.answered, tally.failed) == (2, 1)
    assert "line 2 is not JSON" in records.pop(1)["problem"]
    found = {record["id"]: Invoice.model_validate(record["output"]) for record in records}
    print(*found.values(), sep="\n")
    assert found == EXPECTED


if __name__ == "__main__":
    main(*live() if "--live" in sys.argv else [ReplayModel.load(RECORDING, run=None)])
