"""Sessions on disk: the same bits come back, and nothing that another network, format or code computed."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_engine.errors import ContextLengthError, SnapshotError, SnapshotMismatchError
from glm_engine.generate import Engine, Session
from glm_engine.model import Decoder
from glm_engine.sampling import SamplingParams
from glm_engine.testing import random_parameters, tiny_config, tiny_engine

PROMPT = [5, 17, 99, 3, 64, 21, 8, 120, 77, 2, 31]
SAMPLED = SamplingParams(temperature=1.0, seed=7)


def computed_session(engine: Engine, count: int = 5) -> Session:
    session = engine.new_session()
    session.append(PROMPT)
    list(session.generate(SAMPLED, max_new_tokens=count))
    return session


def continuation(session: Session, count: int = 20) -> list[tuple[int, float | None]]:
    params = SamplingParams(temperature=1.0, seed=7, logprobs=0)
    return [(t.token_id, t.logprob) for t in session.generate(params, max_new_tokens=count)]


def parts(session: Session) -> list[torch.Tensor]:
    return session._cache.parts(0, session.num_computed)


@settings(deadline=None, max_examples=20)
@given(prompt=st.lists(st.integers(0, 127), min_size=1, max_size=300), tail=st.integers(0, 3))
def test_a_session_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, prompt: list[int], tail: int
) -> None:
    """Ids, keys and values, what was not computed yet included; and the continuation with its log probabilities."""
    engine = tiny_engine()
    session = engine.new_session()
    session.append(prompt)
    list(session.prefill())
    session.append(PROMPT[:tail])
    path = tmp_path_factory.mktemp("snapshot") / "session.kv"
    assert session.save(path) == len(prompt)
    again = tiny_engine().restore(path)
    assert list(again.token_ids) == list(session.token_ids)
    assert again.num_computed == session.num_computed
    assert all(torch.equal(a, b) for a, b in zip(parts(again), parts(session), strict=True))
    assert continuation(again) == continuation(session)


def test_a_restored_session_computes_only_what_is_new(tmp_path: Path) -> None:
    """P2 across processes, counted at the model: saving and restoring forward nothing of the session."""
    session = computed_session(tiny_engine())
    session.save(tmp_path / "s")
    engine = tiny_engine()
    again = engine.restore(tmp_path / "s")
    assert engine.decoder.tokens_forwarded == 0
    again.append([1, 2, 3])
    list(again.prefill())
    assert engine.decoder.tokens_forwarded == 4  # the token that was sampled last, too


def test_a_snapshot_stays_within_its_limit_and_keeps_the_beginning(tmp_path: Path) -> None:
    session = computed_session(tiny_engine(), 200)
    whole = session.save(tmp_path / "whole")
    limit = (tmp_path / "whole").stat().st_size // 2
    kept = session.save(tmp_path / "half", limit_bytes=limit)
    assert 0 < kept < whole
    assert (tmp_path / "half").stat().st_size <= limit
    again = tiny_engine().restore(tmp_path / "half")
    assert (list(again.token_ids), again.num_computed) == (list(session.token_ids), kept)
    assert all(
        torch.equal(a, b[:, :kept]) for a, b in zip(parts(again), parts(session), strict=True)
    )
    # Not the same log probabilities: what was left out is computed in another chunk than before.
    assert [t for t, _ in continuation(again)] == [t for t, _ in continuation(session)]


def test_a_limit_below_one_position_is_an_error_and_the_old_file_stays(tmp_path: Path) -> None:
    session = computed_session(tiny_engine())
    session.save(tmp_path / "s")
    before = (tmp_path / "s").read_bytes()
    with pytest.raises(SnapshotError, match="fits into 100 bytes"):
        session.save(tmp_path / "s", limit_bytes=100)
    assert (tmp_path / "s").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def bfloat16_engine() -> Engine:
    config = tiny_config()
    parameters = {
        name: p if name.endswith("norm") else p.bfloat16()
        for name, p in random_parameters(config).items()
    }
    return Engine(Decoder(config, parameters))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: tiny_engine(rope_theta=500.0), ["rope_theta was 10000.0, is 500.0"]),
        (lambda: tiny_engine(position_divisor=4.0), ["position_divisor was 1.0, is 4.0"]),
        (lambda: tiny_engine(num_layers=3), ["num_layers was 2, is 3"]),
        (bfloat16_engine, ["weights was torch.float32", "is torch.bfloat16"]),
        (lambda: tiny_engine(seed=1), ["probe was"]),
    ],
)
def test_what_another_network_computed_is_refused_by_name(
    tmp_path: Path, other: Callable[[], Engine], named: list[str]
) -> None:
    computed_session(tiny_engine()).save(tmp_path / "s")
    with pytest.raises(SnapshotMismatchError) as raised:
        other().restore(tmp_path / "s")
    assert all(text in str(raised.value) for text in named)
    assert "num_heads" not in str(raised.value)  # only what differs


def test_one_changed_weight_anywhere_is_noticed(tmp_path: Path) -> None:
    """The probe reads every matrix; embeddings, of which it reads 16 rows, are compared for the ids in the file."""
    computed_session(tiny_engine()).save(tmp_path / "s")
    config = tiny_config()
    for name in random_parameters(config):
        parameters = random_parameters(config)
        row = PROMPT[3] if name == "embedding" else parameters[name].shape[0] // 2
        parameters[name][row] += 0.5
        with pytest.raises(SnapshotMismatchError):
            Engine(Decoder(config, parameters)).restore(tmp_path / "s")


def test_labels_are_part_of_the_identity(tmp_path: Path) -> None:
    session = computed_session(tiny_engine())
    session.save(tmp_path / "s", labels={"tokenizer": "a"})
    assert tiny_engine().restore(tmp_path / "s", labels={"tokenizer": "a"}).num_computed
    with pytest.raises(SnapshotMismatchError) as raised:
        tiny_engine().restore(tmp_path / "s", labels={"tokenizer": "b"})
    assert raised.value.differences == (("tokenizer", "a", "b"),)


def test_a_longer_session_than_the_context_is_refused(tmp_path: Path) -> None:
    computed_session(tiny_engine()).save(tmp_path / "s")
    engine = tiny_engine()
    small = Engine(engine.decoder, context_length=8)
    with pytest.raises(ContextLengthError):
        small.restore(tmp_path / "s")


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_never_believed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any flipped bit, any cut, anything appended: an error that names the file, and no other exception."""
    path = tmp_path_factory.mktemp("damage") / "s"
    engine = tiny_engine()
    computed_session(engine).save(path)
    content = bytearray(path.read_bytes())
    match data.draw(st.sampled_from(["flip", "cut", "append", "header"])):
        case "flip":
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(
                st.integers(0, 7)
            )
        case "header":  # most bytes are numbers; the header has the interesting ones
            content[data.draw(st.integers(0, 700))] = data.draw(st.integers(0, 255))
        case "cut":
            del content[data.draw(st.integers(0, len(content) - 1)) :]
        case "append":
            content += data.draw(st.binary(min_size=1, max_size=9))
    if content == path.read_bytes():
        return
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=path.name):
        engine.restore(path)


def test_a_header_nested_abysmally_is_damage_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"GLMKV001" + (1 << 20).to_bytes(8, "little") + b"[" * (1 << 20))
    with pytest.raises(SnapshotError, match="damaged"):
        tiny_engine().restore(tmp_path / "s")


def test_a_missing_file_and_a_folder_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    engine = tiny_engine()
    with pytest.raises(SnapshotError, match="No such file"):
        engine.restore(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match="cannot be written"):
        computed_session(engine).save(tmp_path / "file" / "s")


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """It holds the conversation."""
    computed_session(tiny_engine()).save(tmp_path / "s")
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from glm_engine.testing import tiny_engine
real_fsync = os.fsync
def fsync_and_die(descriptor):
    os.kill(os.getpid(), signal.SIGKILL)
session = tiny_engine().new_session()
session.append(list(range(100)))
list(session.prefill())
os.fsync = fsync_and_die
session.save(Path(sys.argv[1]))
"""


def test_a_kill_while_writing_leaves_the_old_file_and_the_next_save_clears_up(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s"
    session = computed_session(tiny_engine())
    session.save(path)
    before = path.read_bytes()
    process = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
    session.save(tmp_path / "another")  # the one that was being saved may never come back
    assert set(tmp_path.iterdir()) == {path, tmp_path / "another"}
    assert tiny_engine().restore(path).num_computed == session.num_computed
