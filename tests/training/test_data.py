"""The generated conversations: what the model would learn from them is what a run does."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest

from demo_training.data import (
    assembled,
    chinese,
    dependent_scenes,
    dependent_subjects,
    families,
    mixture,
    options,
    texts,
)
from demo_training.data.code import MAKERS, run_cell
from demo_training.data.episode import IGNORED, encode, encode_apart
from demo_training.data.functions import kind_of, load_templates, offer, placeholders, use
from demo_training.data.records import ACTIONS, load_records
from demo_training.data.values import TRAINING
from demo_training.train import POOL_EPISODES, Position, Recipe, batches
from glm_engine.demo import demo_checkpoint
from glm_engine.errors import DownloadError
from glm_engine.tokenizer import load_tokenizer
from glm_prompts.glm4 import Glm4Dialect, Glm4Turn
from glm_tools import tool
from glm_tools.validation import ArgumentValidator


@tool
def pack_box(
    item: str,
    count: int,
    size: Literal["small", "large"] = "small",
    gift: bool = False,
    tags: list[str] | None = None,
) -> str:
    """Pack something.

    Args:
        item: What to pack.
        count: How many.
        size: Size of the box.
        gift: Wrap it.
        tags: Labels.
    """
    return "ok"


def _keys(schema: Mapping[str, Any]) -> list[str]:
    return list(schema)


def test_generated_schemas_have_the_form_that_the_tool_decorator_makes() -> None:
    """A model that learnt another key order or nesting would meet unknown text with every user's tool."""
    made = pack_box.spec.parameters
    shapes = {json.dumps(_keys(each)) for each in made["properties"].values()}
    random = Random(1)
    generated = set()
    orders = set()
    for _ in range(300):
        for drawn in mixture.draw_offers(mixture.training_sources(), random, 2):
            orders.add(json.dumps(_keys(drawn.spec.parameters)))
            generated |= {
                json.dumps(_keys(each)) for each in drawn.spec.parameters["properties"].values()
            }
    assert json.dumps(_keys(made)) in orders
    assert shapes <= generated


@pytest.mark.parametrize(
    "file",
    [
        "everyday.toml",
        "services.toml",
        "more.toml",
        "families.toml",
        "families_home.toml",
        "families_town.toml",
        "chinese.toml",
        "drills.toml",
    ],
)
def test_every_placeholder_of_a_template_stands_for_something(file: str) -> None:
    """A misspelt placeholder would stop training hours after its start."""
    for template in load_templates(file):
        known = set(template.parameters) | set(template.results)
        for text in (*template.requests, *template.answers):
            assert placeholders(text) <= known, (template.names[0], text)


def test_every_call_fits_its_tools_schema() -> None:
    """The grammar would make a right call impossible otherwise."""
    random = Random(2)
    sources = mixture.training_sources()
    templates = [*sources.everyday, *sources.drills, *chinese.templates()]
    templates += [action(record, random) for record in sources.records for action in ACTIONS]
    for template in templates:
        drawn = offer(template, random, TRAINING)
        used = use(drawn, random, TRAINING)
        ArgumentValidator(drawn.spec.name, drawn.spec.parameters).check(used.arguments)
        order = [name for name in drawn.spec.parameters["properties"] if name in used.arguments]
        assert list(used.arguments) == order


def test_every_code_task_runs_and_prints_something() -> None:
    """An observation that is an error by accident would be learnt as an answer."""
    random = Random(3)
    for maker, _ in MAKERS:
        for _ in range(40):
            task = maker(random, TRAINING)
            output = run_cell(task.code, task.files)
            assert "Traceback" not in output, task
            assert "Error" not in output, task


def test_the_same_seed_makes_the_same_conversations() -> None:
    """The recipe is only a recipe when it can be repeated."""
    first = [mixture.training_episode(Random(f"7/{number}")) for number in range(30)]
    second = [mixture.training_episode(Random(f"7/{number}")) for number in range(30)]
    assert first == second


def test_an_unknown_kind_of_value_is_named() -> None:
    """A typo in a TOML file must not become text out of one option."""
    with pytest.raises(ValueError, match="citty"):
        kind_of("citty")


def test_records_make_all_their_tools() -> None:
    """Every action words itself for every kind of record."""
    random = Random(4)
    for record in load_records("records.toml"):
        names = {
            offer(action(record, random), random, TRAINING, plain=True).spec.name
            for action in ACTIONS
        }
        assert len(names) > 10


def test_every_word_of_an_assembled_function_stands_for_something() -> None:
    """A request that left out a required argument would teach to invent it."""
    stock = options.load_options()
    for base in stock.bases:
        taken = set(base.takes)
        texts = (*base.asks, *base.chinese, *([base.nominal] if base.nominal else []))
        for text in texts:
            assert placeholders(text) - {"a"} == taken, (base.names[0], text)
        assert {key.lstrip("!") for key in base.options} <= set(stock.options)
        assert not base.number or base.number in base.gives
        for _, expression in base.formulas:
            assert placeholders(expression) <= set(base.gives)
    for key, option in stock.options.items():
        assert set(option.chinese) <= {*option.members, ""}, key


def test_every_assembled_call_fits_its_schema_and_is_answered_with_all_that_it_told() -> None:
    """What an unseen function told was left out of answers when each tool had sentences of its own."""
    for number in range(60):
        episode = assembled.assembled_episode(Random(f"8/{number}"), TRAINING)
        schemas = {spec.name: spec.parameters for spec in episode.tools}
        assert len(schemas) == len(episode.tools)
        for asked in episode.rounds:
            for call in asked.calls:
                if call.tool == "python":
                    continue
                arguments = json.loads(call.payload)
                ArgumentValidator(call.tool, schemas[call.tool]).check(arguments)
                order = [name for name in schemas[call.tool]["properties"] if name in arguments]
                assert list(arguments) == order
            assert all(fact in asked.answer for fact in asked.facts)


def test_services_side_by_side_are_called_with_what_the_request_says() -> None:
    """A value that is cut off or written otherwise is what calls of unseen tools got wrong."""
    for number in range(150):
        episode = families.family_episode(Random(f"12/{number}"), TRAINING)
        schemas = {spec.name: spec.parameters for spec in episode.tools}
        assert len(schemas) == len(episode.tools)
        for asked in episode.rounds:
            assert not set("[]{}\0") & set(asked.user), asked.user
            for call in asked.calls:
                arguments, schema = json.loads(call.payload), schemas[call.tool]
                ArgumentValidator(call.tool, schema).check(arguments)
                if any(isinstance(value, dict) for value in arguments.values()):
                    ((name, arguments),) = arguments.items()
                    schema = schema["properties"][name]
                for name, value in arguments.items():
                    is_worded = "enum" in schema["properties"][name] or isinstance(value, bool)
                    for each in value if isinstance(value, list) else [value]:
                        is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", str(each)) is not None
                        said = (
                            asked.user.replace(",", "") if not isinstance(each, str) else asked.user
                        )
                        assert is_worded or is_date or str(each) in said, (asked, each)


def test_every_call_that_depends_on_another_can_be_made_from_what_is_visible() -> None:
    """An argument that neither the user nor an earlier result told would teach to make ids up."""
    for number in range(150):
        scene = dependent_scenes.draw_scene(Random(f"11/{number}"), TRAINING)
        schemas = {each.spec.name: each.spec.parameters for each in scene.tools}
        for asked in scene.rounds:
            visible = asked.user.casefold()
            for call in asked.calls:
                if call.tool != "python":
                    arguments = json.loads(call.payload)
                    ArgumentValidator(call.tool, schemas[call.tool]).check(arguments)
                    copied = [
                        str(argument).casefold()
                        for name, argument in arguments.items()
                        if re.search("(?:^|_)(?:id|no|number|code|key)$", name)
                        and "enum" not in schemas[call.tool]["properties"][name]
                    ]
                    if call.is_learnt:
                        assert all(each in visible for each in copied), (asked.user, call)
                visible += "".join(str(each) for each in call.observations).casefold()
            assert all(fact in asked.answer for fact in asked.facts)


def test_a_text_is_told_as_it_came() -> None:
    """A phrase behind what the tool is about, a sentence alone, and nothing that the tool did not say."""
    random = Random(3)
    for _ in range(300):
        spec, rounds = texts.text_tool(random, TRAINING)
        for asked in rounds:
            (call,) = asked.calls
            (observation,) = call.observations
            (value,) = json.loads(call.payload).values()
            assert value in asked.user
            if asked.answer != observation.text:
                told = rf"The ([a-z ]+) (?:is|are) {re.escape(observation.text)}\."
                subject = re.fullmatch(told, asked.answer)
                assert subject is not None
                assert subject[1].replace(" ", "_") in spec.name


def test_a_name_leads_to_two_calls_and_an_id_to_one() -> None:
    """With the same tools always asked in one way, a model would look at the tools and not at what it knows."""
    rounds = [
        asked
        for number in range(60)
        for asked in dependent_subjects.subject_scene(Random(f"12/{number}"), TRAINING).rounds
    ]
    kinds = Counter(asked.kind for asked in rounds)
    assert 0.35 < kinds["function"] / len(rounds) < 0.65
    for asked in rounds:
        assert (len(asked.calls) > 1) == (asked.kind == "two steps")


def test_a_word_of_a_request_is_copied_into_its_call_in_the_same_spelling() -> None:
    """A first letter that a sentence changed would have to be guessed."""
    random = Random(10)
    for _ in range(600):
        tool = options.draw_tool(random)
        wish = options.draw_wish(tool, random, TRAINING)
        for key, value in wish.values.items():
            if tool.base.takes[key].schema["type"] == "string" and " " in value.said:
                assert value.said in wish.request


def test_optional_arguments_are_named_and_left_out_alike() -> None:
    """One that is hardly ever asked for, or a member of an enum, is left out when it is."""
    random = Random(9)
    named, members, flags = Counter[bool](), Counter[int](), Counter[bool]()
    for _ in range(1500):
        tool = options.draw_tool(random)
        wish = options.draw_wish(tool, random, TRAINING)
        for key, option in tool.options.items():
            named[key in wish.said] += key not in tool.required
            if key in wish.said and option.is_flag:
                flags[wish.said[key]] += 1
            elif key in wish.said and option.members:
                members[list(option.members).index(wish.said[key])] += 1
    assert 0.7 < named[True] / named[False] < 2.5
    assert 0.8 < flags[True] / flags[False] < 1.25
    assert members[1] > 0.8 * members[0] < 1.2 * members[2]


@pytest.fixture(scope="module")
def dialect() -> Glm4Dialect:
    try:
        folder: Path = demo_checkpoint()
    except DownloadError as error:
        pytest.skip(f"the demo model's base is not here: {error}")
    return Glm4Dialect(load_tokenizer(folder), "en")


def test_every_learnt_turn_is_one_that_the_grammar_allows(dialect: Glm4Dialect) -> None:
    """What is learnt and then forbidden at run time would turn into something else there."""
    random = Random(5)
    turns = 0
    for _ in range(60):
        episode = mixture.training_episode(random)
        example = encode(episode, dialect)
        turn: Glm4Turn | None = None
        for token_id, label in zip(example.token_ids, example.labels, strict=True):
            if turn is not None and label != IGNORED:
                allowed = turn.allowed_tokens()
                assert allowed is not None
                assert allowed[token_id // 32] >> (token_id % 32) & 1, episode
                turn.accept(token_id)
                turns += token_id in dialect.stop_token_ids
            if token_id == dialect.assistant_id:
                turn = dialect.turn(episode.tools, call_id="call")
            elif token_id in dialect.stop_token_ids or label == IGNORED:
                turn = None
    assert turns > 100


def test_rounds_apart_are_each_the_first_one(dialect: Glm4Dialect) -> None:
    """The tools and a branch make the conversation of that round alone."""
    random = Random(6)
    for _ in range(20):
        episode = mixture.training_episode(random)
        example = encode_apart(episode, dialect)
        for branch, each in enumerate(episode.rounds, start=1):
            seen = [at for at, number in enumerate(example.branches) if number in (0, branch)]
            alone = encode(replace(episode, rounds=(each,)), dialect)
            assert [example.token_ids[at] for at in seen] == alone.token_ids
            assert [example.labels[at] for at in seen] == alone.labels


def test_a_conversation_that_recalls_says_so() -> None:
    """Its rounds apart would ask for what nobody said."""
    random = Random(8)
    recalling = [
        each
        for each in (mixture.training_episode(random) for _ in range(900))
        if any(
            re.search(r"^(Please )?[Rr]epeat|did I (ask|give)|did you say|last answer", asked.user)
            for asked in each.rounds
        )
    ]
    assert recalling
    assert all(each.recalls for each in recalling)


def test_words_to_copy_are_one_token_behind_a_space(dialect: Glm4Dialect) -> None:
    """A drill with words that are spelt the same way on both sides would teach nothing."""
    stock = mixture.word_stock(dialect.tokenizer)
    assert any(word.islower() for word in stock)
    assert any(word.istitle() for word in stock)
    for word in Random(6).sample(stock, 200):
        assert len(dialect.tokenizer.encode(f" {word}")) == 1


def test_a_run_that_was_stopped_goes_on_with_the_batch_that_comes_next(
    dialect: Glm4Dialect,
) -> None:
    """Inside a pool and over the end of one."""
    recipe = Recipe(batch_tokens=1400)
    whole = list(islice(batches(recipe, dialect, Position()), POOL_EPISODES + 4))
    second_pool = next(number for number, (_, after) in enumerate(whole) if after.pool > 0)
    for stop in (3, second_pool - 1, second_pool + 1):
        rest = list(islice(batches(recipe, dialect, whole[stop - 1][1]), 3))
        assert rest == whole[stop : stop + 3]
