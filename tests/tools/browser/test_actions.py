import contextlib
import functools
from typing import ClassVar

import llguidance
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_tools.browser.actions import (
    ACTION_GRAMMAR,
    MAX_ACTIONS,
    Action,
    Click,
    OpenURL,
    Search,
    parse_actions,
)
from glm_tools.browser.errors import ActionError

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda t: bool(t.strip())
)
actions = st.one_of(
    st.builds(Search, text.map(str.strip), st.one_of(st.none(), st.integers(1, 10**6))),
    st.builds(OpenURL, text.map(str.strip), st.integers(0, 10**6)),
    st.builds(
        Click, st.lists(st.integers(0, 10**6), min_size=1, max_size=10, unique=True).map(tuple)
    ),
)


def written(action: Action) -> str:
    match action:
        case Search(query, None):
            return f"search({query!r})"
        case Search(query, recency_days):
            return f"search({query!r}, recency_days={recency_days})"
        case OpenURL(url, offset):
            return f"open_url({url!r}, {offset})"
        case Click(ids):
            return f"mclick({list(ids)})"


@given(st.lists(actions, min_size=1, max_size=MAX_ACTIONS))
def test_what_is_written_in_pythons_own_spelling_is_read_back(wanted: list[Action]) -> None:
    """Claim: any string, with quotes, commas, brackets and newlines in it, survives; the official parser splits there."""
    source = "\n".join(map(written, wanted))
    if len(source) <= 8_000:
        assert parse_actions(source) == tuple(wanted)


@given(st.text(max_size=200))
def test_any_text_is_either_calls_or_an_action_error(source: str) -> None:
    with contextlib.suppress(ActionError):
        assert parse_actions(source)


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('id')",
        "search(__import__('os').getcwd())",
        "search(open('/etc/passwd').read())",
        "search(f'{1+1}')",
        "search('a' + 'b')",
        "search('a' 'b' if 1 else 'c')",
        "search(x := 'a')",
        "search(lambda: 1)",
        "search([c for c in 'abc'])",
        "search(*['a'])",
        "search(**{'query': 'a'})",
        "search(query)",
        "open_url.__call__('http://a')",
        "mclick(range(3))",
        "mclick([1 + 1])",
        "mclick({1, 2})",
        "import os",
        "x = search('a')",
        "search('a'); import os",
        "@search('a')\ndef f(): pass",
        "if 1: search('a')",
    ],
)
def test_nothing_but_literals_is_taken(source: str) -> None:
    """Security: the text is parsed, never evaluated."""
    with pytest.raises(ActionError):
        parse_actions(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   \n",
        "search(",
        "search()",
        "search('')",
        "search('  ')",
        "search(3)",
        "search(b'a')",
        "search('a', 7.5)",
        "search('a', True)",
        "search('a', 7, 8)",
        "search('a', query='b')",
        "search('a', days=3)",
        "search('a', recency_days='week')",
        "mclick([])",
        "mclick(['0'])",
        "mclick([True])",
        "mclick([-1])",
        "mclick([1.0])",
        f"mclick({list(range(11))})",
        "open_url()",
        "open_url(None)",
        "open_url('http://a', offset=10**9)",
        "scroll(1)",
        "Search('a')",
        "search(“a”)",
        "search（'a'）",
        "search('a')\x00",
        "search('\\ud800')",
        "search('" + "a" * 9_000 + "')",
        "(" * 5_000,
        "[" * 7_000,
        "-" * 7_000 + "1",
        "search('a')\n" * (MAX_ACTIONS + 1),
        "search('a')\nnonsense(1)",
    ],
)
def test_what_does_not_fit_is_refused_whole(source: str) -> None:
    with pytest.raises(ActionError) as raised:
        parse_actions(source)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('search("glm-4", recency_days=7)', Search("glm-4", 7)),
        ('search("glm-4", 7)', Search("glm-4", 7)),
        ('search(query="x", recency_days=-1)', Search("x", None)),
        ('search("x", recency_days=None)', Search("x", None)),
        ("search('a (b), c')", Search("a (b), c", None)),
        (r'search("C:\docs \w+")', Search(r"C:\docs \w+", None)),
        (r'search("C:\Users\u4e2d")', Search(r"C:\Users" + "\u4e2d", None)),
        (r'search("tab\tend\n")', Search("tab\tend", None)),
        ('open_url("https://a.example/x?y=(1,2)")', OpenURL("https://a.example/x?y=(1,2)")),
        ('open_url("u", offset=6000)', OpenURL("u", 6000)),
        ("mclick([3, 1, 3])", Click((3, 1))),
        ("mclick((0,))", Click((0,))),
        ("mclick(5)", Click((5,))),
        ("mclick(ids=[2])", Click((2,))),
    ],
)
def test_the_spellings_that_models_use_are_read(source: str, expected: Action) -> None:
    assert parse_actions(source) == (expected,)


def sentences() -> st.SearchStrategy[str]:
    """Texts of ACTION_GRAMMAR, written down by hand a second time."""
    string = (
        st.lists(
            st.one_of(
                st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'),
                st.sampled_from(['\\"', "\\\\"]),
            ),
            min_size=1,
            max_size=60,
        )
        .filter(lambda parts: not parts[0].isspace())
        .map(lambda parts: '"' + "".join(parts) + '"')
    )
    count = st.integers(0, 999_999).map(str)
    option = st.one_of(st.none(), count)
    return st.one_of(
        st.tuples(string, option).map(
            lambda p: f"search({p[0]}" + (f", recency_days={p[1]})" if p[1] else ")")
        ),
        st.tuples(string, option).map(
            lambda p: f"open_url({p[0]}" + (f", offset={p[1]})" if p[1] else ")")
        ),
        st.lists(count, min_size=1, max_size=10).map(lambda ids: f"mclick([{', '.join(ids)}])"),
    )


class _Bytes:
    """Just enough of a tokenizer for llguidance: a token is a byte."""

    eos_token_id = 256
    bos_token_id = None
    unk_token_id = None
    tokens: ClassVar = [bytes([value]) for value in range(256)] + [b"<eos>"]
    special_token_ids: ClassVar = [256]

    def __call__(self, text: bytes | str) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)


@functools.cache
def _byte_tokenizer() -> llguidance.LLTokenizer:
    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Bytes()))


def _accepts(sentence: str) -> bool:
    tokenizer = _byte_tokenizer()
    matcher = llguidance.LLMatcher(
        tokenizer, llguidance.LLMatcher.grammar_from_lark(ACTION_GRAMMAR)
    )
    assert not matcher.get_error()
    ids = list(sentence.encode())
    return bool(matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting())


@given(st.lists(sentences(), min_size=1, max_size=3))
def test_what_the_grammar_admits_is_parsed(lines: list[str]) -> None:
    """Claim: on the constrained path there is no syntax error."""
    sentence = "\n".join(lines)
    assert _accepts(sentence)
    assert len(parse_actions(sentence)) == len(lines)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "search()",
        'search(" ")',
        "search('a')",
        'search("a"',
        'search("a")\n',
        'search("\\n")',
        "mclick([])",
        "mclick([01])",
        'exec("a")',
        ' search("a")',
        'search("a") # x',
    ],
)
def test_the_grammar_admits_nothing_else(sentence: str) -> None:
    assert not _accepts(sentence)
