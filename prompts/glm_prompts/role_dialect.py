r"""What the dialects of GLM-4 and ChatGLM3 share: a prefix, then `<|role|>{metadata}\n{content}` for each message.

Covers: ids of control tokens come from here only.

Source: `build_single_message` in tokenization_chatglm.py of glm-4-9b-chat and of chatglm3-6b.
"""

from collections.abc import Sequence

from glm_engine.grammar import GrammarCompiler
from glm_engine.tokenizer import Tokenizer
from glm_prompts.errors import MissingTokenError
from glm_prompts.messages import Message, Segment
from glm_tools.tool import Observation, ToolSpec

ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>")


class RoleDialect:
    """The rendering half of a dialect of roles; see `glm_prompts.dialect.Dialect`.

    Args:
        tokenizer: must have the dialect's control tokens.
        prefix: the control tokens that a conversation begins with.
        end_of_text: the control token that ends an answer which nothing follows.

    Raises:
        MissingTokenError: the tokenizer has no such control token.
    """

    name: str

    def __init__(self, tokenizer: Tokenizer, prefix: Sequence[str], end_of_text: str) -> None:
        special = tokenizer.special_tokens
        for token in (*prefix, *ROLES, end_of_text):
            if token not in special:
                raise MissingTokenError(self.name, token)
        self.tokenizer = tokenizer
        self.user_id = special["<|user|>"]
        self.assistant_id = special["<|assistant|>"]
        self.observation_id = special["<|observation|>"]
        self.end_of_text_id = special[end_of_text]
        self._prefix = Segment("prefix", tuple(special[token] for token in prefix))
        self._compiler = GrammarCompiler(tokenizer)

    def tool_text(self, tools: Sequence[ToolSpec]) -> str:
        """All that the model is told about its tools."""
        raise NotImplementedError

    @property
    def stop_token_ids(self) -> frozenset[int]:
        return frozenset((self.user_id, self.observation_id, self.end_of_text_id))

    def start(self, system: str | None, tools: Sequence[ToolSpec]) -> list[Segment]:
        segments = [self._prefix]
        if tools:
            segments.append(self._encode("tools", "system", "", self.tool_text(tools)))
        if system:
            segments.append(self._encode("system", "system", "", system))
        return segments

    def user(self, text: str, round_number: int) -> Segment:
        return self._encode("user", "user", "", text)

    def observation(self, observation: Observation) -> Segment:
        return self._encode("observation", "observation", observation.metadata, observation.text)

    def message(self, message: Message, round_number: int) -> Segment:
        return self._encode(message.role, message.role, message.metadata, message.content)

    def reply_prompt(self) -> Segment:
        return Segment("reply prompt", (self.assistant_id,))

    def _encode(self, label: str, role: str, metadata: str, content: str) -> Segment:
        # The two pieces are encoded apart, as upstream does: one piece would merge "\n" with a leading newline.
        ids = [self.tokenizer.special_tokens[f"<|{role}|>"]]
        ids += self.tokenizer.encode(metadata + "\n")
        ids += self.tokenizer.encode(content)
        return Segment(label, tuple(ids))
