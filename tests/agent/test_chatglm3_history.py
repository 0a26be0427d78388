"""P1 and P2 in ChatGLM3's dialect, whose stop tokens are the first of what follows, as in GLM-4's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from glm_agent.chat_model import TurnEnded, TurnOptions
from glm_agent.local_model import LocalModel
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_engine.tokenizer import CHATGLM3_SPECIAL_TOKENS
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.dialect import CallReady
from glm_tools.tool import Observation, ToolSpec

TOKENIZER = tiny_tokenizer(("</s>", *CHATGLM3_SPECIAL_TOKENS))
DIALECT = ChatGLM3Dialect(TOKENIZER)
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
ENGINES = [
    tiny_engine(seed, vocab_size=TOKENIZER.vocab_size, context_length=8192) for seed in range(3)
]


@settings(max_examples=15)
@given(data=st.data(), seed=st.integers(0, 10_000), with_tools=st.booleans())
def test_what_was_read_and_written_stays_id_for_id_and_nothing_is_forwarded_twice(
    data: st.DataObject, seed: int, with_tools: bool
) -> None:
    local = LocalModel(ENGINES[seed % 3], TOKENIZER, DIALECT, name="tiny")
    conversation = local.open(None, [SPEC] if with_tools else [])
    conversation.rewrite(
        [*conversation.segments, conversation.render_user(data.draw(st.text(max_size=20)))]
    )
    for step in range(data.draw(st.integers(1, 4))):
        conversation.rewrite([*conversation.segments, conversation.render_reply_prompt()])
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
        computed = conversation.session.num_computed
        text = data.draw(st.text(max_size=20))
        called = any(isinstance(event, CallReady) for event in events)
        following = (
            conversation.render_observation(Observation(text))
            if called
            else conversation.render_user(text)
        )
        conversation.rewrite([*conversation.segments, following])
        assert list(conversation.session.token_ids) == [
            *before,
            *ended.token_ids,
            *following.token_ids,
        ]
        # What follows threw nothing away: all that was computed is still the beginning of the sequence.
        assert conversation.session.num_computed == computed
