"""A dialect over our own engine: the chat model that everything here exists for.

The only module of this package that imports the engine, and with it torch.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import takewhile
from pathlib import Path
from threading import Event

from glm_agent.chat_model import ModelEvent, Parting, Prefill, TurnEnded, TurnOptions, TurnUsage
from glm_agent.errors import ConfigurationError, ModelUnavailableError
from glm_agent.warm_start import WarmStart
from glm_agent.window import REJECTION
from glm_engine.demo import demo_checkpoint, demo_weight_format, is_demo_checkpoint
from glm_engine.errors import ContextLengthError, EngineError
from glm_engine.generate import Engine, WeightFormat
from glm_engine.prefix import Divergence, PrefillReport, common_length
from glm_engine.sampling import SamplingParams
from glm_engine.tokenizer import Tokenizer, load_tokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.dialect import CallReady, Dialect
from glm_prompts.errors import PromptError
from glm_prompts.glm4 import Glm4Dialect
from glm_prompts.messages import Segment
from glm_tools.tool import Observation, ToolSpec

_NUM_RECENT = 4


class LocalModel:
    """A `ChatModel` over the engine.

    Args:
        engine: weights and generate loop.
        tokenizer: of the same checkpoint.
        dialect: over the same tokenizer.
        name: for people.
        note: one line that a person should read before a run on this model; empty for none.
        pages_results: see `ChatModel`.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        dialect: Dialect,
        *,
        name: str,
        note: str = "",
        pages_results: bool = True,
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.dialect = dialect
        self.name = name
        self.note = note
        self.pages_results = pages_results
        # Ids of conversations of this process, from which a new one guesses at what comes.
        self.recent: deque[Sequence[int]] = deque(maxlen=_NUM_RECENT)

    @property
    def context_length(self) -> int:
        return self.engine.context_length

    @property
    def kernel_class(self) -> str:
        return self.engine.kernel_class

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What a saved session must share with this model besides its network."""
        digest = hashlib.sha256(repr(sorted(self.tokenizer.special_tokens.items())).encode())
        for token_id in range(self.tokenizer.vocab_size):
            digest.update(self.tokenizer.token_bytes(token_id) + b"\xff")  # ends no UTF-8 text
        return {"tokenizer": digest.hexdigest()[:16]}

    def count_tokens(self, text: str) -> int:
        return len(self.tokenizer.encode(text))

    def open(
        self,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> "LocalConversation":
        return LocalConversation(self, system, tools, history)


class LocalConversation:
    """A `Conversation` whose history is the ids of one engine session (promise P1)."""

    def __init__(
        self,
        model: LocalModel,
        system: str | None,
        tools: Sequence[ToolSpec],
        history: Sequence[Segment] | None = None,
    ) -> None:
        self._model = model
        self._tools = tuple(tools)
        self._segments: list[Segment] = []
        self.session = model.engine.new_session()
        try:
            self.rewrite(model.dialect.start(system, tools) if history is None else history)
        except ContextLengthError as error:
            raise ConfigurationError(
                f"System text and tools alone fill the context window. {error} Fewer tools help too."
            ) from error
        self.session.pin(_length_before_user(self._segments))
        self.session.guess_from(model.recent)
        model.recent.append(self.session.token_ids)

    @property
    def segments(self) -> Sequence[Segment]:
        return self._segments

    @property
    def num_tokens(self) -> int:
        return sum(len(segment.token_ids) for segment in self._segments)

    def render_user(self, text: str) -> Segment:
        rounds = sum(segment.label in ("user", REJECTION) for segment in self._segments)
        return self._model.dialect.user(text, rounds + 1)

    def render_observation(self, observation: Observation) -> Segment:
        return self._model.dialect.observation(observation)

    def render_reply_prompt(self) -> Segment:
        return self._model.dialect.reply_prompt()

    def rewrite(self, segments: Sequence[Segment]) -> None:
        # GLM's stop token is the first token of what follows: where the session ends with it, it is common to both
        # (promise P2). A stop token that only says "the end" differs from what follows, and goes.
        wanted = [token_id for segment in segments for token_id in segment.token_ids]
        if len(wanted) >= self._model.context_length:
            raise ContextLengthError(len(wanted), self._model.context_length)
        present = self.session.token_ids
        common = common_length(present, wanted)
        if common < len(present):
            self.session.truncate(common)
        if common < len(wanted):
            self.session.append(wanted[common:])
        self._segments = list(segments)

    def save(self, path: Path, *, limit_bytes: int) -> int:
        return self.session.save(path, limit_bytes=limit_bytes, labels=self._model.labels)

    def restore(self, path: Path) -> WarmStart:
        wanted = list(self.session.token_ids)
        try:
            saved = self._model.engine.restore(path, labels=self._model.labels)
        except EngineError as error:
            return WarmStart(0, str(error))
        in_file = saved.num_computed
        common = common_length(saved.token_ids, wanted)
        if min(common, in_file) <= self.session.num_computed:
            return WarmStart(
                0, f"{path}: it is of another conversation, or of no more than is here"
            )
        saved.truncate(common)
        saved.append(wanted[common:])
        saved.guess_from(self._model.recent)
        self.session = saved
        if saved.num_computed == in_file:
            return WarmStart(in_file)
        return WarmStart(
            saved.num_computed,
            f"{path}: the conversation goes another way from token {common:,} of its {in_file:,}",
        )

    def respond(self, options: TurnOptions, cancel: Event | None = None) -> Iterator[ModelEvent]:
        dialect, session = self._model.dialect, self.session
        turn = dialect.turn(
            self._tools,
            call_id=options.call_id,
            allow_calls=options.allow_calls,
            answer_schema=options.answer_schema,
        )
        start = len(session.token_ids)
        started = time.monotonic()
        first_token_at = 0.0
        for done, total in session.prefill(cancel=cancel):
            yield Prefill(done, total)
        guessed, right = session.tokens_guessed, session.guesses_right
        found = session.last_prefill or PrefillReport(start, 0, 0)  # None: all was computed
        for _ in session.generate(
            SamplingParams(temperature=options.temperature, top_p=options.top_p, seed=options.seed),
            max_new_tokens=options.max_new_tokens,
            stop_token_ids=dialect.stop_token_ids,
            constraint=turn,
            cancel=cancel,
        ):
            first_token_at = first_token_at or time.monotonic()
            events = turn.take_events()
            yield from events
            if any(isinstance(event, CallReady) for event in events):
                break
        ended = time.monotonic()
        yield from turn.finish()
        generated = tuple(session.token_ids[start:])
        stop = generated[-1] if generated and generated[-1] in dialect.stop_token_ids else None
        token_ids = generated if stop is None else generated[:-1]
        self._segments.append(Segment("assistant", token_ids))
        yield TurnEnded(
            finish=session.finish_reason or "stop",  # None: left early, after a whole call
            usage=TurnUsage(
                new_tokens=found.num_new,
                reused_tokens=start - found.num_new,
                generated_tokens=len(generated),
                prefill_s=(first_token_at or ended) - started,
                decode_s=ended - first_token_at if first_token_at else 0.0,
                copied_tokens=found.num_copied,
                parting=_parting(found.divergence),
                guessed_tokens=session.tokens_guessed - guessed,
                right_guesses=session.guesses_right - right,
            ),
            token_ids=token_ids,
            stop_token_id=stop,
        )


def _length_before_user(segments: Sequence[Segment]) -> int:
    """Tokens of system text and tools: what other conversations with the same agent begin with, too."""
    start = takewhile(lambda segment: segment.label != "user", segments)
    return sum(len(segment.token_ids) for segment in start)


def _parting(divergence: Divergence | None) -> Parting | None:
    if divergence is None:
        return None
    return Parting(divergence.position, divergence.there, divergence.here)


def open_local_model(
    folder: Path | None,
    *,
    name: str,
    note: str,
    context_length: int | None,
    progress: Callable[[str, int, int], None] | None,
    device: str = "cpu",
    weight_format: WeightFormat = "auto",
) -> LocalModel:
    """The model of a checkpoint folder or file, or the embedded demo model when `folder` is None.

    Raises:
        ModelUnavailableError: it cannot be fetched or loaded; the message says why.
    """
    try:
        if folder is None:
            folder, weight_format = demo_checkpoint(progress=progress), demo_weight_format()
        dialect, tokenizer = open_dialect(folder)
        engine = Engine.load(
            folder,
            weight_format=weight_format,
            device=device,
            context_length=context_length,
            progress=None if progress is None else partial(progress, f"Loading {name}"),
        )
    except (EngineError, PromptError, ValueError) as error:
        raise ModelUnavailableError(f"The model {name!r} cannot be loaded. {error}") from error
    return LocalModel(
        engine,
        tokenizer,
        dialect,
        name=name,
        note=note,
        pages_results=not is_demo_checkpoint(folder),
    )


def open_dialect(folder: Path) -> tuple[Dialect, Tokenizer]:
    """The dialect that the checkpoint was trained in, told by its tokens and its config.

    Raises:
        TokenizerError: no tokenizer, or a damaged one.
        ModelUnavailableError: a tokenizer of a family whose dialect is not built in.
    """
    tokenizer = load_tokenizer(folder)
    special = tokenizer.special_tokens
    if "<|observation|>" in special and "<sop>" in special:
        return Glm4Dialect(tokenizer, "en" if is_demo_checkpoint(folder) else "zh"), tokenizer
    if "sop" in special and "<|observation|>" in special:
        return ChatGLM3Dialect(tokenizer), tokenizer
    if "sop" in special:
        return ChatGLM2Dialect(tokenizer), tokenizer
    raise ModelUnavailableError(
        f"{folder}: by its tokenizer this is neither a GLM-4 checkpoint (<|observation|> and <sop>) nor a ChatGLM2 or "
        "ChatGLM3 one (sop), and no other family's dialect is built in."
    )
