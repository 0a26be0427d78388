"""P1 and P2 in the dialects of ChatGLM2, whose stop token is no part of what follows, and of ChatGLM3."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_agent.chat_model import TurnEnded, TurnOptions
from glm_agent.local_model import LocalConversation, LocalModel
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_engine.tokenizer import CHATGLM3_SPECIAL_TOKENS, Tokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.dialect import CallReady, Dialect, TextDelta
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolSpec

SPEC = ToolSpec(
    "flag",
    "",
    {
        "type": "object",
        "properties": {"on": {"type": "boolean"}},
        "required": ["on"],
        "additionalProperties": False,
    },
)


def tiny_models(
    dialect: Callable[[Tokenizer], Dialect], *special_tokens: str
) -> tuple[LocalModel, ...]:
    """Three models of random weights that speak one dialect."""
    tokenizer = tiny_tokenizer(special_tokens)
    return tuple(
        LocalModel(
            tiny_engine(seed, vocab_size=tokenizer.vocab_size, context_length=8192),
            tokenizer,
            dialect(tokenizer),
            name="tiny",
        )
        for seed in range(3)
    )


CHATGLM2 = tiny_models(ChatGLM2Dialect, "</s>", "[gMASK]", "sop")
CHATGLM3 = tiny_models(ChatGLM3Dialect, "</s>", *CHATGLM3_SPECIAL_TOKENS)


def add(conversation: LocalConversation, *segments: Segment) -> None:
    conversation.rewrite([*conversation.segments, *segments])


@pytest.mark.parametrize(
    "models", [pytest.param(CHATGLM2, id="chatglm2"), pytest.param(CHATGLM3, id="chatglm3")]
)
@settings(max_examples=15)
@given(data=st.data(), seed=st.integers(0, 10_000), with_tools=st.booleans())
def test_what_was_read_and_written_stays_id_for_id_and_nothing_is_forwarded_twice(
    models: tuple[LocalModel, ...], data: st.DataObject, seed: int, with_tools: bool
) -> None:
    """ChatGLM2's sampled end token was never forwarded: leaving it out of the history costs nothing."""
    local = models[seed % 3]
    decoder = local.engine.decoder
    conversation = local.open(None, [SPEC] if with_tools else [])
    add(conversation, conversation.render_user(data.draw(st.text(max_size=20))))
    for step in range(data.draw(st.integers(1, 4))):
        forwarded, computed = decoder.tokens_forwarded, conversation.session.num_computed
        add(conversation, conversation.render_reply_prompt())
        before = list(conversation.session.token_ids)
        options = TurnOptions(
            f"c{step}",
            allow_calls=data.draw(st.booleans()),
            max_new_tokens=data.draw(st.integers(1, 60)),
            temperature=1.0,
            seed=seed + step,
        )
        events = list(conversation.respond(options))
        ended = events[-1]
        assert isinstance(ended, TurnEnded)
        new = conversation.session.num_computed - computed
        assert decoder.tokens_forwarded - forwarded == new - ended.usage.copied_tokens
        computed = conversation.session.num_computed
        text = data.draw(st.text(max_size=20))
        following = (
            conversation.render_observation(Observation(text))
            if any(isinstance(event, CallReady) for event in events)
            else conversation.render_user(text)
        )
        add(conversation, following)
        after = list(conversation.session.token_ids)
        assert after == [*before, *ended.token_ids, *following.token_ids]
        # What follows threw nothing away: all that was computed is still the beginning of the sequence.
        assert conversation.session.num_computed == computed
        if models is CHATGLM2:
            assert local.tokenizer.special_tokens["</s>"] not in after


def test_chatglm2s_call_ends_its_turn_with_its_last_character() -> None:
    """Nothing is generated behind the closing brace, and the observation follows in the same round."""
    local = CHATGLM2[0]
    for seed in range(40):
        conversation = local.open(None, [SPEC])
        add(conversation, conversation.render_user("?"), conversation.render_reply_prompt())
        options = TurnOptions("c", max_new_tokens=450, temperature=1.0, seed=seed)
        events = list(conversation.respond(options))
        if any(isinstance(event, CallReady) for event in events):
            break
    else:
        raise AssertionError("no seed made a call")
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    written = local.tokenizer.decode(ended.token_ids)
    assert written.startswith("Thought:")
    assert written.endswith(('{"on": true}', '{"on": false}'))
    assert ended.stop_token_id is None
    assert ended.finish == "stop"
    assert not any(isinstance(event, TextDelta) for event in events)
