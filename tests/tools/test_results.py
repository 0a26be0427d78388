import dataclasses
import datetime
import decimal
import enum
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from glm_tools import Attachment, Observation, ToolOutput
from glm_tools.results import ResultError, limit_output, output_of


class Receipt(BaseModel):
    id: str
    cents: int


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", "(empty text)"),
        (None, "(no result)"),
        (0, "0"),
        (False, "false"),
        ([], "[]"),
        ({"城市": "北京"}, '{"城市": "北京"}'),
        ((1, 2), "[1, 2]"),
        ({"b", "a"}, '["a", "b"]'),
        (Receipt(id="x", cents=3), '{"id": "x", "cents": 3}'),
        ([Point(1)], '[{"x": 1}]'),
        (datetime.date(2024, 2, 29), '"2024-02-29"'),
        (decimal.Decimal("1.50"), '"1.50"'),
        ({"mean": np.float32(0.5), "counts": np.arange(3)}, '{"mean": 0.5, "counts": [0, 1, 2]}'),
        (float("nan"), "NaN"),
        ({datetime.date(2024, 2, 29): {Colour.RED: {1, 2}}}, '{"2024-02-29": {"red": [1, 2]}}'),
    ],
)
def test_values_become_text_that_a_model_can_read(value: object, text: str) -> None:
    assert output_of(value) == ToolOutput((Observation(text),))


def test_binary_data_goes_to_the_user_and_a_note_to_the_model() -> None:
    image = Attachment("plot.png", "image/png", b"123")
    assert output_of(image) == ToolOutput(
        (Observation("[image: plot.png, image/png, 3 bytes]"),), (image,)
    )
    assert output_of(b"\x00\xff").attachments[0].data == b"\x00\xff"

    class Picture:
        def _repr_png_(self) -> bytes:
            return b"PNG"

    output = output_of(["drawn", Picture(), {"points": 3}, image])
    assert output.observations[0].text == (
        'drawn\n[image: image.png, image/png, 3 bytes]\n{"points": 3}\n[image: plot.png, image/png, 3 bytes]'
    )
    assert [attachment.data for attachment in output.attachments] == [b"PNG", b"123"]


def test_values_without_a_json_form_are_an_error_that_says_what_to_do() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    async def one_by_one() -> AsyncIterator[int]:
        yield 1

    for value, problem in [
        ((number for number in range(3)), "return a list"),
        ({"g": iter([])}, "of type list_iterator"),
        (one_by_one(), "return a list"),
        (object(), "object"),
        ({(1, 2): 3}, "keys must be text, not tuple"),
        ({datetime.date(2024, 2, 29): 1, "2024-02-29": 2}, "the same"),
        (circle, "Circular"),
        (deep, "deep"),
        ({"b": b"1"}, "return an Attachment"),
        (10**5_000, "limit"),
    ]:
        with pytest.raises(ResultError, match=problem):
            output_of(value)


@given(st.text(st.characters(), max_size=8) | st.just("\ud83d\ude00") | st.just("\ud800"))
def test_every_observation_can_be_encoded_and_none_is_empty(text: str) -> None:
    """GLM-4's template drops an empty observation with its role; half a surrogate pair breaks the tokenizer."""
    (observation,) = output_of(ToolOutput.from_text(text)).observations
    assert observation.text.encode()
    assert output_of("\ud83d\ude00").observations[0].text == "😀"


def test_json_results_are_read_back_as_they_were() -> None:
    value = {"a": [1, 2.5, None, True, "é\n"], "b": {"c": {}}}
    assert json.loads(output_of(value).observations[0].text) == value


def test_a_long_result_keeps_head_and_tail_says_the_numbers_and_loses_nothing() -> None:
    text = "".join(f"{number:09}\n" for number in range(1_000_000))
    output = limit_output(output_of(text), 1_000)
    shown = output.observations[0].text
    assert shown.startswith("000000000\n")
    assert shown.endswith("000999999\n")
    assert "[… 9,999,000 of 10,000,000 characters left out …]" in shown
    assert len(shown) < 1_100
    assert output.attachments[0].data.decode() == text


def test_several_long_observations_share_the_limit() -> None:
    output = ToolOutput(
        (Observation("a" * 500, "browser_result"), Observation("b"), Observation("c" * 500))
    )
    cut = limit_output(output, 300)
    assert [len(observation.text) > 150 for observation in cut.observations] == [
        False,
        False,
        False,
    ]
    assert cut.observations[0].metadata == "browser_result"
    assert [attachment.name for attachment in cut.attachments] == ["result-1.txt", "result-3.txt"]
    assert limit_output(output, 2_000) is output
