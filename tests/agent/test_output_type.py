"""Typed answers: what comes out is of the type, and what no grammar can promise is asked for once more."""

import dataclasses
import json
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, assert_type

import pytest
from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict  # before Python 3.12 pydantic cannot read typing's

from glm_agent import Agent, OutputError, OutputType, TypedResult
from glm_agent.errors import ConfigurationError
from glm_agent.events import AnswerRejected, ContextReduced, PromptRendered, RunResult, RunStarted
from glm_agent.export import session_json
from glm_agent.journal import Journal
from glm_agent.limits import Limits
from glm_agent.local_model import LocalModel
from glm_agent.testing import ReplayModel, ScriptedModel, call, say
from glm_agent.verification import verify_run
from glm_tools.function_tool import tool


class Line(BaseModel):
    item: str
    cents: Annotated[int, Field(ge=0)]


class Invoice(BaseModel):
    number: str
    total: int
    lines: list[Line]

    @model_validator(mode="after")
    def adds_up(self) -> "Invoice":
        if self.total != sum(line.cents for line in self.lines):
            raise ValueError("total is not the sum of the lines")
        return self


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Size(TypedDict):
    width: int
    unit: Literal["cm", "in"]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


GOOD = {"number": "7", "total": 3, "lines": [{"item": "tea", "cents": 3}]}
WRONG = GOOD | {"total": 4}


@tool
def look_up(number: str) -> str:
    """Look up an invoice."""
    return f"Invoice {number}: tea, 3 cents."


def scripted(*answers: object) -> ScriptedModel:
    return ScriptedModel([say(json.dumps(answer)) for answer in answers])


@pytest.mark.parametrize(
    ("wanted", "text", "value"),
    [
        (Line, '{"item": "tea", "cents": 3}', Line(item="tea", cents=3)),
        (Point, '{"x": 1}', Point(1, 0)),
        (Size, '{"width": 2, "unit": "cm"}', {"width": 2, "unit": "cm"}),
        (Colour, '"red"', Colour.RED),
        (list[Point], '[{"x": 1, "y": 2}]', [Point(1, 2)]),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (int | None, "null", None),
        (Literal["yes", "no"], '"no"', "no"),
        (Decimal, "1.5", Decimal("1.5")),
        ({"type": "dict", "properties": {"n": {"type": "int"}}}, '{"n": 1}', {"n": 1}),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "definitions": {"n": {"type": "integer"}},
                "type": "array",
                "items": [{"$ref": "#/definitions/n"}],
                "additionalItems": False,
            },
            "[3]",
            [3],
        ),
    ],
)
def test_an_answer_becomes_a_value_of_its_type(wanted: object, text: str, value: object) -> None:
    result = Agent(ScriptedModel([say(text)])).run("?", output=wanted)
    assert result.output == value
    assert result.finish_reason == "answer"


def test_the_checker_knows_the_type_of_an_output() -> None:
    """Checked by mypy: without `output` a plain result, with a type its values, with a schema JSON."""
    agent = Agent(scripted("?", GOOD, [GOOD], 3))
    assert_type(agent.run("?"), RunResult)
    typed = agent.run("?", output=Invoice)
    assert_type(typed, TypedResult[Invoice])
    assert_type(typed.output, Invoice)
    assert_type(agent.run("?", output=list[Invoice]).output, list[Invoice])
    assert_type(agent.run("?", output={"type": "integer"}).output, Any)
    with Agent(scripted(GOOD, [GOOD])).session() as session:
        assert_type(session.run("?", output=Invoice, is_untrusted=True), TypedResult[Invoice])
        assert_type(session.run("?", output=OutputType(list[Invoice])).output, list[Invoice])


def test_the_model_is_told_the_schema_and_decodes_under_it() -> None:
    model = scripted(GOOD)
    Agent(model).run("Read it.", output=Invoice)
    schema = OutputType(Invoice).schema
    role, text = model.conversations[0].messages[0]
    assert role == "user"
    assert text.startswith("Read it.\n\n")
    assert json.dumps(schema) in text
    assert model.conversations[0].options[0].answer_schema == schema


def test_what_a_grammar_cannot_say_is_asked_for_once_more_with_the_reason() -> None:
    model = scripted(WRONG, GOOD)
    agent = Agent(model)
    events = list(agent.stream("?", output=Invoice))
    assert [event.problem for event in events if isinstance(event, AnswerRejected)] == [
        "it: Value error, total is not the sum of the lines"
    ]
    assert "total is not the sum of the lines" in model.conversations[0].messages[2][1]
    result = Agent(scripted(WRONG, GOOD)).run("?", output=Invoice)
    assert (result.output.total, result.finish_reason, len(result.steps)) == (3, "answer", 2)


def test_an_answer_that_is_wrong_twice_is_an_error_that_says_what_is_wrong() -> None:
    result = Agent(scripted(WRONG, WRONG)).run("?", output=Invoice)
    assert result.finish_reason == "invalid_output"
    assert json.loads(result.answer) == WRONG
    with pytest.raises(OutputError, match=r"'Invoice'.*total is not the sum") as caught:
        _ = result.output
    assert caught.value.finish_reason == "invalid_output"


def test_an_answer_that_was_cut_says_so() -> None:
    model = ScriptedModel([say('{"number": "7', finish="length")])
    result = Agent(model).run("?", output=Invoice)
    assert result.finish_reason == "length"
    with pytest.raises(OutputError, match="max_new_tokens"):
        _ = result.output


def test_tools_are_called_before_a_typed_answer() -> None:
    model = ScriptedModel([call("look_up", number="7"), say(json.dumps(GOOD))])
    result = Agent(model, [look_up]).run("?", output=Invoice)
    assert result.output.lines[0].item == "tea"
    assert [made.name for made in result.calls] == ["look_up"]


def test_a_forced_closing_turn_is_typed_too() -> None:
    model = ScriptedModel([call("look_up", number="7"), say(json.dumps(GOOD))])
    result = Agent(model, [look_up], limits=Limits(max_steps=2)).run("?", output=Invoice)
    assert result.finish_reason == "max_steps"
    assert result.output.total == 3
    last = model.conversations[0].options[-1]
    assert not last.allow_calls
    assert last.answer_schema is not None


def test_a_run_that_was_sent_back_in_its_last_step_still_answers() -> None:
    result = Agent(scripted(WRONG, GOOD), limits=Limits(max_steps=1)).run("?", output=Invoice)
    assert (result.finish_reason, result.output.total) == ("answer", 3)


def test_the_next_run_of_a_session_is_free_text_again() -> None:
    agent = Agent(scripted(GOOD, "hello"))
    with agent.session() as session:
        assert session.run("?", output=Invoice).output.total == 3
        result = session.run("?")
    assert result.answer == '"hello"'
    assert not isinstance(result, TypedResult)


@pytest.mark.parametrize("boundary", [RunStarted, PromptRendered, AnswerRejected])
def test_a_run_goes_on_typed_after_a_crash(tmp_path: Path, boundary: type) -> None:
    """The reader leaves at an event, as a kill would; another agent goes on from the journal."""
    journal = Journal(tmp_path / "journal.db")
    agent = Agent(scripted(WRONG, GOOD), journal=journal)
    with agent.session("s") as session:
        for event in session.stream("?", output=Invoice):
            if isinstance(event, boundary):
                break
    rest = scripted(GOOD) if boundary is AnswerRejected else scripted(WRONG, GOOD)
    with Agent(rest, journal=journal).session("s") as session:
        result = session.resume(output=Invoice)
    assert_type(result, TypedResult[Invoice])
    assert result.output == Invoice.model_validate(GOOD)
    options = rest.conversations[0].options
    assert all(option.answer_schema == OutputType(Invoice).schema for option in options)
    journal.close()


def test_a_run_is_resumed_under_its_recorded_schema_and_under_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with Agent(scripted(GOOD), journal=journal).session("s") as session:
        for event in session.stream("?", output=Invoice):
            if isinstance(event, RunStarted):
                break
    model = scripted({"number": "7"}, GOOD)
    with Agent(model, journal=journal).session("s") as session:
        with pytest.raises(ConfigurationError, match="another type"):
            session.resume(output=Point)
        result = session.resume()
    assert_type(result, RunResult)
    assert result.finish_reason == "answer"
    assert len(result.steps) == 2  # what breaks the schema is sent back without the type too
    journal.close()


def test_a_recorded_typed_run_replays_and_verifies(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with Agent(scripted(WRONG, GOOD), journal=journal).session("s") as session:
        recorded = session.run("?", output=Invoice)
    assert verify_run(journal, recorded.run_id, scripted(WRONG, GOOD)) == 2
    info = journal.session("s")
    assert info is not None
    path = tmp_path / "run.json"
    path.write_text(json.dumps(session_json(journal, info)), encoding="utf-8")
    model = ReplayModel.load(path)
    assert Agent(model).run(model.prompt, output=Invoice).output == recorded.output
    journal.close()


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (object(), "no JSON form"),
        ({"type": "number", "minimum": 3, "maximum": 2}, "could be written"),
        ({"type": "nothing"}, "Unknown type"),
        ({"$ref": "https://example.org/schema.json"}, "nothing is fetched|references"),
    ],
)
def test_a_type_that_no_answer_can_have_is_refused_at_once(wanted: object, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Agent(ScriptedModel([])).run("?", output=wanted)


def test_what_is_checked_after_the_answer_is_listed() -> None:
    wanted = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    assert OutputType(wanted).unenforced == ("/uniqueItems",)
    result = Agent(scripted([1, 1], [1, 2])).run("?", output=wanted)
    assert (result.output, len(result.steps)) == ([1, 2], 2)


def test_the_demo_model_answers_under_a_schema(demo: LocalModel) -> None:
    """The engine, the grammar and the parser together; what it says is not the point, its form is."""
    with Agent(demo, limits=Limits(max_new_tokens=80)) as agent:
        result = agent.run("What is 2 + 3?", output=Annotated[int, Field(ge=0, le=99)])
        assert isinstance(result.output, int)
        size = agent.run("How wide is a door?", output=Size).output
    assert set(size) == {"width", "unit"}


def test_the_task_stays_in_a_full_window_when_an_answer_is_sent_back() -> None:
    """What was wrong with the answer was taken for the task: the real one went, and was answered unseen."""
    task = "The task. " * 80
    wrong = json.dumps(WRONG) + " " * 600
    model = ScriptedModel([say("ok"), say(wrong), say(json.dumps(GOOD))], context_length=3_000)
    session = Agent(model, limits=Limits(max_new_tokens=750)).session()
    session.run("Something old. " * 30)
    events = list(session.stream(task, output=Invoice))
    assert any(isinstance(event, ContextReduced) for event in events), "room was made"
    messages = model.conversations[0].messages
    assert any(task in text for _, text in messages)
    assert any("total is not the sum of the lines" in text for _, text in messages)
