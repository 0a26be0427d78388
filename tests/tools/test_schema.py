import dataclasses
import datetime
import decimal
import enum
import inspect
import json
import keyword
import math
import pathlib
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from glm_engine.json_grammar import json_rule
from glm_tools import Ctx, ToolArgumentError, ToolDefinitionError, tool
from glm_tools.schema import FunctionSignature


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    return FunctionSignature.of(function).parameters


def properties(function: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = parameters(function)["properties"]
    return found


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    zip: str | None = Field(None, description="Postal code.")


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    depth: int


def google(city: str, days: int = 3) -> None:
    """Forecast the weather.

    Only for Europe.

    Args:
        city: Name of the
            city.
        days: How far ahead.

    Returns:
        Nothing of interest.
    """


def numpy_style(city: str, days: int = 3) -> None:
    """Forecast the weather.

    Only for Europe.

    Parameters
    ----------
    city : str
        Name of the
        city.
    days : int, optional
        How far ahead.

    Returns
    -------
    None
    """  # noqa: D416 - this style has no colon


def sphinx(city: str, days: int = 3) -> None:
    """Forecast the weather.

    Only for Europe.

    :param city: Name of the
        city.
    :param days: How far ahead.
    :returns: Nothing of interest.
    """


@pytest.mark.parametrize("function", [google, numpy_style, sphinx])
def test_the_three_docstring_styles_say_the_same_to_the_model(function: Callable[..., Any]) -> None:
    signature = FunctionSignature.of(function)
    assert signature.description == "Forecast the weather.\nOnly for Europe."
    assert signature.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city."},
            "days": {"type": "integer", "description": "How far ahead.", "default": 3},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert signature.notes == ()


def test_an_example_in_the_docstring_reaches_the_model() -> None:
    def find(query: str) -> None:
        """Find a page.

        Example:
            find("llamas")
        """

    assert FunctionSignature.of(find).description == 'Find a page.\nExample: find("llamas")'


def test_notes_name_what_the_model_will_miss() -> None:
    def bare(a: int) -> None: ...

    def misspelt(city: str) -> None:  # noqa: D417 - on purpose
        """Find.

        Args:
            citty: Name.
        """

    assert "no docstring" in FunctionSignature.of(bare).notes[0]
    assert "'citty'" in FunctionSignature.of(misspelt).notes[0]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (float, {"type": "number"}),
        (Any, {}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (int | str, {"type": ["integer", "string"]}),
        (str | None, {"type": ["string", "null"]}),
        (datetime.datetime, {"type": "string", "format": "date-time"}),
        (pathlib.Path, {"type": "string"}),
        (decimal.Decimal, {"type": "number"}),
        (
            Annotated[int, Field(gt=0, le=9, description="One digit.")],
            {"type": "integer", "description": "One digit.", "exclusiveMinimum": 0, "maximum": 9},
        ),
        (Annotated[str, "A name."], {"type": "string", "description": "A name."}),
        (
            Point,
            {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
                "required": ["x"],
                "additionalProperties": False,
            },
        ),
        (
            Options,
            {
                "type": "object",
                "properties": {"depth": {"type": "integer"}},
                "additionalProperties": False,
            },
        ),
    ],
)
def test_annotations_become_small_schemas(annotation: Any, schema: dict[str, Any]) -> None:
    def function(value: Any) -> None: ...

    function.__annotations__["value"] = annotation
    assert properties(function)["value"] == schema


def test_a_model_used_once_is_inlined_and_one_used_twice_is_shared() -> None:
    def once(home: Address) -> None: ...

    def twice(home: Address, work: Address) -> None: ...

    assert properties(once)["home"]["properties"]["street"] == {"type": "string"}
    assert "$defs" not in parameters(once)
    assert properties(twice)["home"] == {"$ref": "#/$defs/Address"}
    assert parameters(twice)["$defs"]["Address"]["description"] == "Where somebody lives."


def test_a_recursive_model_keeps_its_reference_and_is_converted() -> None:
    @tool
    def plant(tree: Tree) -> str:
        return tree.children[0].name

    checked = plant.check_arguments({"tree": {"name": "a", "children": [{"name": "b"}]}})
    assert checked["tree"] == Tree(name="a", children=[Tree(name="b")])


def test_pydantics_titles_are_gone_but_a_parameter_named_title_stays() -> None:
    def publish(title: str, home: Address) -> None: ...

    text = json.dumps(parameters(publish))
    assert list(properties(publish)) == ["title", "home"]
    assert text.count("title") == 2  # the property and its place in `required`


def test_parameter_names_that_a_pydantic_model_would_refuse_are_fine() -> None:
    @tool
    def function(
        schema: str, copy: int, model_config: bool, _private: str, json: str = ""
    ) -> None: ...

    assert list(function.spec.parameters["properties"]) == [
        "schema",
        "copy",
        "model_config",
        "_private",
        "json",
    ]


def test_the_context_is_not_shown_to_the_model() -> None:
    def function(ctx: Ctx[int], a: int) -> None: ...

    signature = FunctionSignature.of(function)
    assert (signature.ctx_name, list(signature.parameters["properties"])) == ("ctx", ["a"])

    def also_by_hand(a: int, ctx: Ctx[int] | None = None) -> None: ...

    signature = FunctionSignature.of(also_by_hand)
    assert (signature.ctx_name, list(signature.parameters["properties"])) == ("ctx", ["a"])


def test_a_default_of_none_needs_no_null_in_the_schema() -> None:
    """An explicit null counts as left out, so the null branch would cost tokens for nothing."""

    def function(
        unit: Literal["c", "f"] | None = None, *, limit: int | str | None = None
    ) -> None: ...

    assert properties(function) == {
        "unit": {"type": "string", "enum": ["c", "f"]},
        "limit": {"type": ["integer", "string"]},
    }


def test_a_default_that_json_cannot_carry_is_left_to_the_function() -> None:
    marker = object()

    @tool
    def function(value: Any = marker) -> bool:
        return value is marker

    assert function.spec.parameters["properties"]["value"] == {}
    assert function.check_arguments({})["value"] is marker


def test_a_default_that_is_no_number_of_json_is_left_to_the_function() -> None:
    """An agent with such a tool could not be made, and the message named no parameter."""

    class Bounds(BaseModel):
        high: float = math.inf

    @tool
    def function(
        limit: float = math.inf, low: float = math.nan, bounds: Bounds | None = None
    ) -> None: ...

    schema = function.spec.parameters
    assert schema["properties"]["limit"] == schema["properties"]["low"] == {"type": "number"}
    json.dumps(schema, allow_nan=False)
    assert not function.unenforced
    assert function.check_arguments({})["limit"] == math.inf
    assert function.check_arguments({"bounds": {}})["bounds"].high == math.inf


def test_field_as_default_value_gives_constraints_and_default() -> None:
    @tool
    def function(
        count: int = Field(gt=0), size: int = Field(7, description="How big.")
    ) -> None: ...

    assert function.spec.parameters["required"] == ["count"]
    assert function.check_arguments({"count": 1}) == {"count": 1, "size": 7}
    with pytest.raises(ToolArgumentError, match="/count"):
        function.check_arguments({"count": 0})


def test_a_default_that_is_made_anew_makes_its_parameter_optional() -> None:
    """`default_factory` was overlooked: the model had to give what has a default."""
    one_name = Field(default_factory=lambda: ["a"])

    @tool
    def function(names: list[str] = one_name) -> None: ...

    assert "required" not in function.spec.parameters
    assert function.spec.parameters["properties"]["names"]["default"] == ["a"]
    function.check_arguments({})["names"].append("b")
    assert function.check_arguments({}) == {"names": ["a"]}


class Socket:
    pass


def test_an_annotation_without_a_json_form_names_function_parameter_and_annotation() -> None:
    def send(sock: Socket) -> None: ...

    with pytest.raises(
        ToolDefinitionError, match=r"send'.*'sock'.*'Socket'.*no JSON form"
    ) as caught:
        tool(send)
    assert "Ctx" in str(caught.value)


class Shade(enum.Enum):
    DARK = "dark"


@pytest.mark.parametrize(
    "annotation",
    [
        Callable[[], int],
        str | Callable[[], int],
        list[Socket],
        Annotated[str, Field(pattern="^(?!x)")],
        Literal[Shade.DARK] | None,
        5,
    ],
)
def test_no_part_of_an_annotation_is_left_out_in_silence(annotation: Any) -> None:
    """A pydantic schema drops a union's member without a JSON form with a warning; the model would never know of it."""

    def function(value: Any) -> None: ...

    function.__annotations__["value"] = annotation
    with pytest.raises(ToolDefinitionError, match="'value'"):
        tool(function)


def test_what_cannot_be_described_is_refused_at_the_decorator() -> None:
    def untyped(a, b: int):  # type: ignore[no-untyped-def]
        ...

    def many(*values: int) -> None: ...

    def of_class(cls, a: int) -> None:  # type: ignore[no-untyped-def]
        ...

    def unknown(a: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
        ...

    with pytest.raises(ToolDefinitionError, match="'a' has no type hint"):
        tool(untyped)
    with pytest.raises(ToolDefinitionError, match=r"\*values"):
        tool(many)
    with pytest.raises(ToolDefinitionError, match="class method"):
        tool(of_class)
    with pytest.raises(ToolDefinitionError, match="Nowhere"):
        tool(unknown)
    with pytest.raises(ToolDefinitionError, match="not 3"):
        tool(3)  # type: ignore[call-overload]
    with pytest.raises(ToolDefinitionError, match="name"):
        tool(name="two words")(google)
    with pytest.raises(ToolDefinitionError, match="timeout_s"):
        tool(timeout_s=0)(google)


def test_json_values_become_the_annotated_types() -> None:
    @tool
    def function(
        when: datetime.date,
        price: decimal.Decimal,
        path: pathlib.Path,
        colour: Colour,
        point: Point,
        options: Options,
        pair: tuple[int, str],
        tags: set[str],
        lookup: Mapping[str, float],
    ) -> None: ...

    assert function.check_arguments(
        {
            "when": "2024-02-29",
            "price": 19.99,
            "path": "a/b.txt",
            "colour": "blue",
            "point": {"x": 1},
            "options": {"depth": 2},
            "pair": [1, "a"],
            "tags": ["x", "y"],
            "lookup": {"k": 1},
        }
    ) == {
        "when": datetime.date(2024, 2, 29),
        "price": decimal.Decimal("19.99"),
        "path": pathlib.Path("a/b.txt"),
        "colour": Colour.BLUE,
        "point": Point(1),
        "options": {"depth": 2},
        "pair": (1, "a"),
        "tags": {"x", "y"},
        "lookup": {"k": 1.0},
    }


class Booking(BaseModel):
    model_config = ConfigDict(strict=True)

    day: datetime.date
    id: uuid.UUID
    seats: tuple[int, int]


def test_a_strict_model_takes_what_its_schema_asks_for() -> None:
    """A strict model wants a `date` in Python and a text in JSON: every call that fitted the schema was refused."""

    @tool
    def book(booking: Booking) -> None: ...

    written = {"day": "2024-02-29", "id": str(uuid.UUID(int=1)), "seats": [1, 2]}
    booked = book.check_arguments({"booking": written})["booking"]
    assert booked == Booking(day=datetime.date(2024, 2, 29), id=uuid.UUID(int=1), seats=(1, 2))
    with pytest.raises(ToolArgumentError) as caught:
        book.check_arguments({"booking": {**written, "day": "soon"}})
    assert caught.value.pointer == "/booking/day"


def test_what_only_python_can_tell_is_an_argument_error_with_a_pointer() -> None:
    @tool
    def function(days: list[datetime.date]) -> None: ...

    with pytest.raises(ToolArgumentError, match="date") as caught:
        function.check_arguments({"days": ["2024-02-29", "2023-02-29"]})
    assert caught.value.pointer == "/days/1"


def test_positional_only_parameters_and_defaults_are_passed_in_order() -> None:
    @tool
    def divide(a: int, b: int = 2, /, *, exact: bool = True) -> float:
        return a / b if exact else a // b

    ctx: Any = None
    assert divide.run(divide.check_arguments({"a": 7}), ctx) == 3.5
    assert divide.run(divide.check_arguments({"a": 7, "b": 4, "exact": False}), ctx) == 1


def test_a_decorated_function_is_still_a_function() -> None:
    @tool(name="plus", timeout_s=3, idempotent=True)
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    assert add(1, b=2) == 3
    assert (vars(add)["__name__"], add.__doc__, add.spec.name) == ("add", "Add.", "plus")
    assert (add.timeout_s, add.idempotent, add.risky) == (3, True, False)


def test_methods_become_tools_of_their_object() -> None:
    class Bank:
        def __init__(self, balance: int) -> None:
            self.balance = balance

        @tool
        def pay(self, cents: int) -> int:
            """Pay."""
            self.balance -= cents
            return self.balance

    bank = Bank(10)
    ctx: Any = None
    assert list(bank.pay.spec.parameters["properties"]) == ["cents"]
    assert bank.pay.run({"cents": 3}, ctx) == 7
    assert Bank(1).pay(1) == 0
    assert bank.balance == 7


_LEAVES = st.sampled_from(  # no float: JSON has no infinity
    [str, int, bool, Literal["a", "b"], Colour, Point, datetime.date, Address]
)
_TYPES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda kind: list[kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: dict[str, kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: kind | None),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),  # type: ignore[valid-type]
    ),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None)  # each builds schemas and validators
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,6}", fullmatch=True).filter(
            lambda name: not keyword.iskeyword(name)
        ),
        _TYPES,
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_a_value_of_the_type_fits_the_schema_and_comes_back_equal(
    types: dict[str, Any], data: st.DataObject
) -> None:
    """The schema accepts what pydantic writes for a value of the type, and conversion undoes the writing."""

    def function() -> None: ...

    function.__annotations__ = dict(types)
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in types]
    )
    made = tool(function)
    jsonschema.Draft202012Validator.check_schema(dict(made.spec.parameters))
    signature = FunctionSignature.of(function)
    values = {name: data.draw(st.from_type(kind), label=name) for name, kind in types.items()}
    written = {
        name: json.loads(signature.fields[name].adapter.dump_json(value))
        for name, value in values.items()
    }
    assert made.check_arguments(written) == values
    text = json.dumps(written, ensure_ascii=False)
    if "\\u00" not in text:  # the grammar leaves control characters without a short escape out
        assert grammar_accepts(made.spec.parameters, text)


def grammar_accepts(schema: Mapping[str, Any], text: str) -> bool:
    matcher = LLMatcher(
        LLTokenizer("byte"), LLMatcher.grammar_from_lark(f"start: {json_rule(schema)}")
    )
    assert not matcher.is_error(), matcher.get_error()
    data = text.encode()
    return matcher.try_consume_tokens(list(data)) == len(data) and matcher.is_accepting()


def test_what_a_grammar_cannot_enforce_is_listed_and_checked_after() -> None:
    @tool
    def function(
        tags: set[str], name: Annotated[str, Field(json_schema_extra={"pattern": "^(?!x)"})]
    ) -> None: ...

    assert function.unenforced == ("/properties/tags/uniqueItems", "/properties/name/pattern")
    with pytest.raises(ToolArgumentError, match="/tags"):
        function.check_arguments({"tags": ["a", "a"], "name": "y"})
