"""The framing between host and guest, and what it makes of a hostile stream."""

import contextlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_sandbox.protocol import MAX_BODY_BYTES, Frame, FrameReader, ProtocolError, encode

fields = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name not in ("kind", "body_bytes", "body")),
    st.one_of(
        st.text(max_size=20),
        st.integers(),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=4,
)
frames = st.builds(Frame, st.text(max_size=10), fields, st.binary(max_size=200))


def written(frame: Frame) -> bytes:
    return encode(frame.kind, frame.body, **frame.fields)


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
    sent: list[Frame], cuts: list[int]
) -> None:
    """The incremental reader equals the writer's list, at every way of cutting the bytes."""
    data = b"".join(map(written, sent))
    reader, position = FrameReader(), 0
    received: list[Frame] = []
    for turn in range(len(data) + 1):
        size = cuts[turn % len(cuts)]
        received += reader.feed(data[position : position + size])
        position += size
    assert received == sent


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_a_protocol_error(data: bytes) -> None:
    """A hostile guest can make the reader fail in one way only."""
    with contextlib.suppress(ProtocolError):
        list(FrameReader().feed(data))


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 60_000,
        b"{" * 10,
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"kind": "x"}',
        b'{"kind": 1, "body_bytes": 0}',
        b'{"kind": "x", "body_bytes": -1}',
        b'{"kind": "x", "body_bytes": true}',
        b'{"kind": "x", "body_bytes": 1.0}',
        b'{"kind": "x", "body_bytes": NaN}',
        json.dumps({"kind": "x", "body_bytes": MAX_BODY_BYTES + 1}).encode(),
        b'{"kind": "x", "body_bytes": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_bad_header_is_refused(header: bytes) -> None:
    """Wrong types, lengths beyond the limits, and JSON that would exhaust the parser."""
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(struct.pack(">I", len(header)) + header))


def test_a_length_beyond_the_limit_is_refused_before_anything_is_kept() -> None:
    """Four bytes must not make the host wait for two gigabytes."""
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(b"\x7f\xff\xff\xff"))


def test_what_is_too_large_is_not_sent() -> None:
    with pytest.raises(ProtocolError):
        encode("x", bytes(MAX_BODY_BYTES + 1))
    with pytest.raises(ProtocolError):
        encode("x", name="x" * 70_000)


@given(
    st.sampled_from(["text", "integer", "flag", "number"]),
    st.one_of(st.none(), st.lists(st.none()), st.text()),
)
def test_fields_of_another_type_are_refused(getter: str, value: object) -> None:
    """Untrusted fields are read through getters that check; `True` is no integer and no number."""
    frame = Frame("x", {"name": value, "yes": True})
    if not (getter == "text" and isinstance(value, str)):
        with pytest.raises(ProtocolError):
            getattr(frame, getter)("name")
    with pytest.raises(ProtocolError):
        frame.integer("yes")
    with pytest.raises(ProtocolError):
        frame.number("yes")
    with pytest.raises(ProtocolError):
        frame.text("missing")
    with pytest.raises(ProtocolError):
        Frame("x", {"name": 10**400}).number("name")  # its OverflowError reached the agent
