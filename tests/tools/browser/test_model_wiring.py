"""Which form of the browser a model is given by `--tools simple_browser`."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from glm_agent.cli.opening import AgentOpening, AgentRequest
from glm_agent.cli.terminal import Terminal
from glm_agent.journal import Journal
from glm_agent.local_model import LocalModel
from glm_engine.testing import tiny_engine, tiny_tokenizer
from glm_engine.tokenizer import Tokenizer
from glm_prompts.chatglm2 import ChatGLM2Dialect
from glm_prompts.chatglm3 import ChatGLM3Dialect
from glm_prompts.dialect import Dialect
from glm_prompts.glm4 import Glm4Dialect

GLM4 = (
    "<|endoftext|>",
    "[gMASK]",
    "<sop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
)
CHATGLM3 = ("</s>", "[gMASK]", "sop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>")
FUNCTIONS = ["search", "open_url", "mclick"]


def dialect_of(family: str) -> Dialect:
    if family == "glm4":
        return Glm4Dialect(tiny_tokenizer(GLM4))
    if family == "chatglm3":
        return ChatGLM3Dialect(tiny_tokenizer(CHATGLM3))
    return ChatGLM2Dialect(tiny_tokenizer(("</s>", "[gMASK]", "sop")))


@pytest.mark.parametrize(
    ("family", "names"),
    [("glm4", ["simple_browser"]), ("chatglm2", FUNCTIONS), ("chatglm3", FUNCTIONS)],
)
def test_a_model_gets_the_form_that_it_was_trained_on_or_plain_functions(
    family: str, names: list[str], tmp_path: Path
) -> None:
    """GLM-4 writes lines of calls; ChatGLM2 and ChatGLM3 never saw them, and write arguments instead."""
    dialect = dialect_of(family)
    tokenizer: Tokenizer = dialect.tokenizer
    engine = tiny_engine(0, vocab_size=tokenizer.vocab_size, context_length=8192)
    model = LocalModel(engine, tokenizer, dialect, name="tiny")
    with ExitStack() as stack:
        journal = Journal(tmp_path / "journal.db")
        stack.callback(journal.close)
        opened = AgentOpening(AgentRequest(tools=("simple_browser",))).open(
            stack, journal, Terminal(quiet=True), approve=None, model=model
        )
        assert [tool.spec.name for tool in opened.tools] == names
        assert all(tool.untrusted for tool in opened.tools)
        offered = [spec.name for spec in opened.agent.specs]
        assert [name for name in offered if name in {"simple_browser", *FUNCTIONS}] == names
        model.open(None, [tool.spec for tool in opened.tools])  # the prompt can be written
