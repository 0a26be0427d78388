"""Functions as public collections of function calls describe them, from registration to a call that is run.

The strategy draws what those collections really hold (BFCL, ToolBench, Glaive): type names of Python and Java, `any`,
no type at all, defaults that do not fit, `optional` and `required` in the wrong place, enums beside types, names with
dots. What the schema means is checked by `jsonschema`, and not by what we made of it.
"""

import ast
import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from glm_engine.testing import tiny_tokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.dialect import CallReady, Dialect
from glm_prompts.glm4 import Glm4Dialect
from glm_tools.dispatch import Dispatcher
from glm_tools.tool import Tool, ToolSpec

ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>")
DIALECTS: dict[str, Dialect] = {
    "glm4": Glm4Dialect(tiny_tokenizer()),
    "chatglm3": ChatGLM3Dialect(tiny_tokenizer(("</s>", "[gMASK]", "sop", *ROLES))),
    "chatglm2": ChatGLM2Dialect(tiny_tokenizer(("</s>", "[gMASK]", "sop"))),
}
MAX_TOKENS = 600

WORDS = st.sampled_from(["city", "radius", "loan.amount", "from", "type", "default", "日期", "x"])
TEXTS = st.sampled_from(["The city, e.g. 'Berlin'.", "In km. Default is 5.0.", "", 'A "thing"\n'])
SIMPLE = st.sampled_from(
    ["string", "integer", "float", "boolean", "any", "Boolean", "String", "double", "char", "long"]
)
DEFAULTS: st.SearchStrategy[Any] = st.sampled_from([None, 0, 1.5, "None", "", True, [], {}, "USD"])
ENUMS = st.sampled_from(
    [["a", "b"], ["USD", "EUR", "¥"], [1, 2, 3], [1.5, 2], ["1", "2"], [True, False], ["x", None]]
)
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXTS,
        "default": DEFAULTS,
        "optional": st.booleans(),
        "example": DEFAULTS,
        "format": st.sampled_from(["date", "email", "float", "currency"]),
    },
)


def annotated(schemas: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    both = st.builds(lambda notes, schema: {**notes, **schema}, ANNOTATIONS, schemas)
    return both.filter(lambda schema: not {"format", "enum"} <= schema.keys())


PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: annotated(
        st.builds(lambda name: {"type": name}, SIMPLE)
        | st.just({})
        | st.builds(lambda name, values: {"type": name, "enum": values}, SIMPLE, ENUMS)
        | st.builds(lambda items: {"type": "array", "items": items}, PARAMETERS)
        | st.builds(
            lambda items, few: {"type": "tuple", "items": items, "minItems": few, "maxItems": 3},
            PARAMETERS,
            st.integers(0, 2),
        )
        | st.builds(lambda kind: {"type": kind}, st.sampled_from(["array", "dict", "HashMap"]))
        | st.builds(
            lambda kind, properties, required: {
                "type": kind,
                "properties": properties,
                "required": required,
            },
            st.sampled_from(["dict", "object", "map"]),
            st.dictionaries(WORDS, PARAMETERS, max_size=2),
            st.lists(WORDS, max_size=2, unique=True),
        )
        | st.builds(
            lambda low, wide: {"type": "integer", "minimum": low, "maximum": low + wide},
            st.integers(-5, 5),
            st.integers(0, 20),
        )
    )
)


@st.composite
def functions(draw: st.DrawFn) -> dict[str, Any]:
    """A function as a line of such a collection has it."""
    properties = draw(st.dictionaries(WORDS, PARAMETERS, max_size=3))
    required = (
        draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    )
    return {
        "name": draw(st.sampled_from(["get_weather", "math.hypot", "Bank-Account.open", "计算"])),
        "description": draw(TEXTS),
        "parameters": {"type": "dict", "properties": properties, "required": required},
    }


def random_call(dialect: Dialect, spec: ToolSpec, seed: int) -> CallReady | None:
    """One call of a model whose logits are noise; None when it was not done within `MAX_TOKENS`."""
    noise = np.random.default_rng(seed)
    turn = dialect.turn([spec], call_id="c")
    quote = dialect.tokenizer.encode('"')[0]
    for _ in range(MAX_TOKENS):
        ready = [event for event in turn.take_events() if isinstance(event, CallReady)]
        if ready:
            return ready[0]
        mask = turn.allowed_tokens()
        assert mask is not None
        allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
        # Noise alone would hardly ever close a string.
        closes = quote in allowed and noise.random() < 0.2
        turn.accept(quote if closes else int(noise.choice(allowed)))
    return None


def is_beyond_a_grammar(raw: str) -> bool:
    """An object of no known keys that holds one of them twice, or a number that no float can be: refused when read."""
    nodes = list(ast.walk(ast.parse(raw, mode="eval")))  # JSON, too, has the form of an expression
    keys = [
        [ast.dump(key) for key in node.keys if key] for node in nodes if isinstance(node, ast.Dict)
    ]
    numbers = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return any(len(set(names)) < len(names) for names in keys) or math.inf in numbers


def check(function: dict[str, Any], dialect: Dialect, seed: int) -> bool:
    """Registers the function, lets noise call it, and runs the call. Whether a call came."""
    given_to_it: list[dict[str, Any]] = []

    def body(**arguments: Any) -> str:
        given_to_it.append(arguments)
        return "done"

    tool = Tool.from_schema(function["name"], function["description"], function["parameters"], body)
    parameters = tool.spec.parameters
    Draft202012Validator.check_schema(dict(parameters))
    ready = random_call(dialect, tool.spec, seed)
    if ready is None:
        return False
    assert ready.call.name == function["name"]
    if ready.call.arguments is None:
        assert is_beyond_a_grammar(ready.call.raw), ready.call.raw
        return True
    assert set(parameters.get("required", ())) <= set(ready.call.arguments)
    if parameters["properties"]:
        assert set(ready.call.arguments) <= set(parameters["properties"]), "an argument of its own"
    with Dispatcher([tool]) as dispatcher:
        result = dispatcher.run(ready.call, cancel=threading.Event())
    if tool.unenforced:  # checked after the call was made: it may be refused, and says why
        assert result.status in {"ok", "invalid"}
    else:
        assert result.status == "ok", (result.text, ready.call.raw)
        assert len(given_to_it) == 1
    return True


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(function=functions(), seed=st.integers(0, 2**32 - 1))
def test_functions_of_public_collections_are_registered_called_and_run(
    name: str, function: dict[str, Any], seed: int
) -> None:
    check(function, DIALECTS[name], seed)


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow])
@given(function=functions(), name=st.sampled_from(sorted(DIALECTS)), seed=st.integers(0, 2**32 - 1))
def test_thousands_of_functions_are_registered_called_and_run(
    function: dict[str, Any], name: str, seed: int
) -> None:
    check(function, DIALECTS[name], seed)
