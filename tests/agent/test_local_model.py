"""The promises that hold between dialect and engine, on random networks: they must not depend on good weights."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_agent.chat_model import TurnEnded, TurnOptions
from glm_agent.local_model import LocalConversation, LocalModel
from glm_agent.warm_start import WarmConversation, WarmStart
from glm_engine.sampling import SamplingParams
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_engine.tokenizer import GLM4_SPECIAL_TOKENS
from glm_prompts.dialect import CallReady
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolSpec

TOKENIZER = tiny_tokenizer()
DIALECT = Glm4Dialect(TOKENIZER)
SEARCH = ToolSpec(
    "search",
    "Search.",
    {
        "type": "object",
        "properties": {
            "query": {"type": "string", "maxLength": 8},
            "kind": {"enum": ["news", "web"]},
            "limit": {"type": "integer", "minimum": 1, "maximum": 9},
            "tags": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2},
        },
        "required": ["query", "kind"],
        "additionalProperties": False,
    },
)
PYTHON = ToolSpec("python", "Run.", {"type": "object"}, builtin="python")
TOOLS = {"search": SEARCH, "python": PYTHON}


def model(seed: int = 0) -> LocalModel:
    engine = tiny_engine(
        seed, vocab_size=TOKENIZER.vocab_size, context_length=4096, prefill_chunk=64
    )
    return LocalModel(engine, TOKENIZER, DIALECT, name="tiny")


def add(conversation: LocalConversation, *segments: Segment) -> None:
    conversation.rewrite([*conversation.segments, *segments])


def take_turn(
    conversation: LocalConversation, options: TurnOptions
) -> tuple[TurnEnded, CallReady | None]:
    """One turn to its end: how it ended, and the call it made."""
    add(conversation, conversation.render_reply_prompt())
    ended, ready = None, None
    for event in conversation.respond(options):
        if isinstance(event, TurnEnded):
            ended = event
        elif isinstance(event, CallReady):
            ready = event
    assert ended is not None
    return ended, ready


@settings(deadline=None, max_examples=15)
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_history_is_token_exact_and_only_new_tokens_are_forwarded(
    data: st.DataObject, seed: int
) -> None:
    """P1: each prompt begins with every id the model read or wrote before. P2: each id is forwarded once."""
    local = model(seed % 3)
    decoder = local.engine.decoder
    conversation = local.open(None, [SEARCH, PYTHON])
    add(conversation, conversation.render_user(data.draw(st.text(max_size=30))))
    for step in range(data.draw(st.integers(1, 5))):
        before = list(conversation.session.token_ids)
        computed = conversation.session.num_computed
        forwarded = decoder.tokens_forwarded
        ended, ready = take_turn(
            conversation,
            TurnOptions(
                call_id=f"c{step}",
                allow_calls=data.draw(st.booleans()),
                max_new_tokens=data.draw(st.integers(1, 40)),
                temperature=1.0,
                seed=seed + step,
            ),
        )
        after = list(conversation.session.token_ids)
        stops = DIALECT.stop_token_ids
        kept = before[:-1] if before[-1] in stops and after[: len(before)] != before else before
        assert after[: len(kept)] == kept
        assert decoder.tokens_forwarded - forwarded == conversation.session.num_computed - computed
        stop = [] if ended.stop_token_id is None else [ended.stop_token_id]
        generated = [*ended.token_ids, *stop]
        assert ended.usage.generated_tokens == len(generated)
        assert after[len(after) - len(generated) :] == generated
        # The segments are the sequence, but for a stop token that nothing follows yet.
        segments = [id for segment in conversation.segments for id in segment.token_ids]
        assert [*segments, *stop] == after
        # All but the last token, which is forwarded with what follows it, is computed by now.
        assert conversation.session.num_computed == len(after) - 1
        if ready is not None:
            text = data.draw(st.text(max_size=20))
            add(conversation, conversation.render_observation(Observation(text)))
        else:
            add(conversation, conversation.render_user(data.draw(st.text(max_size=20))))
    assert decoder.tokens_forwarded <= len(conversation.session.token_ids) + 5


def test_the_stop_token_of_a_call_is_the_first_token_of_its_observation() -> None:
    """P2 in small: after a call, the observation adds all its ids but the one that is there."""
    local = model()
    conversation = local.open(None, [SEARCH])
    add(conversation, conversation.render_user("?"))
    for seed in range(200):
        ended, ready = take_turn(
            conversation, TurnOptions("c", max_new_tokens=400, temperature=1.0, seed=seed)
        )
        if ready is not None:
            break
        add(conversation, conversation.render_user("?"))
    assert ready is not None, "no seed made a call"
    assert ended.stop_token_id == TOKENIZER.special_tokens["<|observation|>"]
    length = len(conversation.session.token_ids)
    add(conversation, conversation.render_observation(Observation("42")))
    assert len(conversation.session.token_ids) - length == len(TOKENIZER.encode("\n42"))


def test_calls_that_the_engine_samples_are_valid() -> None:
    """P3 through the whole loop; `tests/prompts` has the ten thousand."""
    local = model()
    complete = 0
    for seed in range(40):
        conversation = local.open(None, [SEARCH, PYTHON])
        conversation.session.append([TOKENIZER.special_tokens["<|assistant|>"]])
        turn = DIALECT.turn([SEARCH, PYTHON], call_id="c")
        turn.accept(TOKENIZER.encode("s")[0])  # the first token decides: this turn is a call
        conversation.session.append(TOKENIZER.encode("s"))
        for _ in conversation.session.generate(
            SamplingParams(temperature=1.0, seed=seed),
            max_new_tokens=300,
            stop_token_ids=DIALECT.stop_token_ids,
            constraint=turn,
        ):
            pass
        for event in turn.take_events():
            if isinstance(event, CallReady):
                complete += 1
                assert event.call.name == "search"
                assert event.call.arguments == json.loads(event.call.raw)
                jsonschema.validate(event.call.arguments, dict(SEARCH.parameters))
    assert complete > 25


# What is certain to come is computed ahead.


@pytest.mark.parametrize("allow_calls", [True, False])
def test_guessing_changes_no_turn_and_hits_what_the_grammar_forces(allow_calls: bool) -> None:
    """Calls, text and typed answers, on random networks."""
    schema = {
        "type": "object",
        "properties": {"temperature": {"type": "integer"}},
        "required": ["temperature"],
        "additionalProperties": False,
    }
    right = 0
    for seed in range(8):
        turns = []
        for is_drafting in (False, True):
            local = model()
            local.engine.drafting = is_drafting
            conversation = local.open(None, [SEARCH])
            add(conversation, conversation.render_user("?"))
            options = TurnOptions(
                "c",
                max_new_tokens=60,
                temperature=0.7,
                seed=seed,
                allow_calls=allow_calls,
                answer_schema=schema,
            )
            turns.append((take_turn(conversation, options)[0].token_ids, conversation.segments))
            right += conversation.session.guesses_right
        assert turns[0] == turns[1]
    assert right > 40  # the keys of the schema and the rest of the tool's name, mostly


# What another conversation has computed is not computed again.


def test_a_second_conversation_computes_no_system_text_and_no_tools() -> None:
    """And its usage says where the two part: in the user's words."""
    local = model()
    first = spoken(local)
    second = local.open(None, [SEARCH])
    start = second.num_tokens
    add(second, second.render_user("What is old?"))
    ended, _ = take_turn(second, TurnOptions("c", max_new_tokens=3))
    assert ended.usage.copied_tokens == ended.usage.reused_tokens == start
    assert ended.usage.new_tokens == len(second.session.token_ids) - start - 3
    assert ended.usage.parting is not None
    assert ended.usage.parting.position == start + len(TOKENIZER.encode("\nWhat is ")) + 1
    assert first.session.token_ids[ended.usage.parting.position] == ended.usage.parting.there


def test_the_first_conversation_has_nobody_to_share_with() -> None:
    conversation = model().open(None, [SEARCH])
    add(conversation, conversation.render_user("?"))
    ended, _ = take_turn(conversation, TurnOptions("c", max_new_tokens=3))
    assert (ended.usage.copied_tokens, ended.usage.parting) == (0, None)


# What is computed outlives the process.


def spoken(local: LocalModel, seed: int = 0) -> LocalConversation:
    conversation = local.open(None, [SEARCH])
    add(conversation, conversation.render_user("What is new?"))
    take_turn(conversation, TurnOptions("c", max_new_tokens=30, temperature=1.0, seed=seed))
    return conversation


def test_a_conversation_wakes_up_with_all_that_was_computed(tmp_path: Path) -> None:
    """Nothing old is prefilled, counted at the model; and it goes on as it would have."""
    asleep = spoken(model())
    saved = asleep.save(tmp_path / "kv", limit_bytes=1 << 30)
    assert saved == asleep.session.num_computed
    local = model()
    awake = local.open(None, [SEARCH], history=asleep.segments)
    assert awake.restore(tmp_path / "kv") == WarmStart(saved)
    assert local.engine.decoder.tokens_forwarded == 0
    for conversation in (asleep, awake):
        add(conversation, conversation.render_user("And then?"))
    options = TurnOptions("c", max_new_tokens=1, temperature=1.0, seed=5)
    ended, _ = take_turn(awake, options)
    assert ended.usage.reused_tokens == saved
    assert local.engine.decoder.tokens_forwarded == ended.usage.new_tokens < saved
    assert take_turn(asleep, options)[0].token_ids == ended.token_ids


def test_a_file_of_which_only_the_beginning_fits_is_used_so_far_and_says_so(tmp_path: Path) -> None:
    asleep = spoken(model())
    asleep.save(tmp_path / "kv", limit_bytes=1 << 30)
    local = model()
    awake = local.open(None, [SEARCH])
    add(awake, awake.render_user("What is old?"))
    warm = awake.restore(tmp_path / "kv")
    assert 0 < warm.reused_tokens == awake.session.num_computed < asleep.session.num_computed
    assert f"another way from token {warm.reused_tokens:,}" in warm.reason


def test_a_file_of_no_use_leaves_a_whole_conversation_and_a_reason(tmp_path: Path) -> None:
    asleep = spoken(model())
    asleep.save(tmp_path / "kv", limit_bytes=1 << 30)
    awake = model(seed=1).open(None, [SEARCH], history=asleep.segments)
    warm = awake.restore(tmp_path / "kv")
    assert not warm.was_used
    assert "probe was" in warm.reason
    assert awake.session.num_computed == 0
    assert "No such file" in awake.restore(tmp_path / "none").reason
    add(awake, awake.render_user("Go on"))
    assert take_turn(awake, TurnOptions("c", max_new_tokens=3))[0].usage.new_tokens > 0


def test_another_tokenizer_is_another_model(tmp_path: Path) -> None:
    """Ids of one vocabulary mean nothing in another, even where the network is the same."""
    asleep = spoken(model())
    asleep.save(tmp_path / "kv", limit_bytes=1 << 30)
    local = model()
    local.tokenizer = tiny_tokenizer(tuple(reversed(GLM4_SPECIAL_TOKENS)))
    awake = local.open(None, [SEARCH], history=asleep.segments)
    assert "tokenizer was" in awake.restore(tmp_path / "kv").reason


def test_a_local_conversation_can_be_kept_warm() -> None:
    assert isinstance(model().open(None, []), WarmConversation)
