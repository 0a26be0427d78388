"""Bytes of a page to text.

The order is the one of the HTML standard (byte order mark, transport, `<meta>`) with one difference: a declaration that
the bytes contradict is not believed, and the next is tried.
"""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META = re.compile(
    rb"""<meta[^<>]{0,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_XML = re.compile(
    rb"""^\s*<\?xml[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_TAG = re.compile(rb"<(?:!--|!?[A-Za-z]{1,20}[\s>])")
# Labels that mean a larger set in practice: https://encoding.spec.whatwg.org/#names-and-labels
_SUPERSETS = {
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb18030": "gb18030",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252",
    "iso-8859-9": "cp1254", "shift_jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "big5": "big5hkscs", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "tis-620": "cp874",
    "utf-16": "utf-16-le", "utf8": "utf-8",
}  # fmt: skip
_SAMPLE_BYTES = 100_000


def decode(body: bytes, header_charset: str = "") -> tuple[str, str]:
    """`body` as text, and the encoding that was used.

    Never raises: bytes that fit no encoding are read as UTF-8 with replacement characters.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace"), encoding
    head = body[:4096]
    declared = [
        header_charset,
        *(match[1].decode("ascii") for match in (_META.search(head), _XML.search(head)) if match),
    ]
    # A page whose tags can be read as ASCII is not in UTF-16 or UTF-32, whatever it or its header says.
    is_narrow = bool(_TAG.search(head)) and head.count(b"\x00") <= len(head) // 8
    encodings = [
        encoding
        for encoding in map(_encoding, declared)
        if encoding and not (is_narrow and encoding.startswith(("utf-16", "utf-32")))
    ]
    for encoding in encodings:
        text = _strictly(body, encoding)
        if text is not None:
            return text, encoding
    for encoding in ("utf-8", _guess(body)):
        text = _strictly(body, encoding) if encoding else None
        if text is not None:
            return text, encoding
    for encoding in encodings:  # mostly right with some broken bytes, then
        return body.decode(encoding, "replace"), encoding
    return body.decode("utf-8", "replace"), "utf-8"


def _encoding(label: str) -> str:
    """Python's name of a text encoding; empty for an unknown one."""
    label = label.strip().strip("\"'").lower()
    try:
        info = codecs.lookup(_SUPERSETS.get(label, label))
    except (LookupError, ValueError):
        return ""
    return (
        info.name
        if getattr(info, "_is_text_encoding", True) and not info.name.startswith("utf-7")
        else ""
    )


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        # A body that was cut may end inside a character.
        if len(body) - error.start > 4:
            return None
        text = body[: error.start].decode(encoding, "replace")
    except (UnicodeError, ValueError):
        return None
    is_wide = text.count("\x00", 0, _SAMPLE_BYTES) > len(text[:_SAMPLE_BYTES]) // 8
    return (
        None if is_wide else text
    )  # every other byte a zero: UTF-16 that was taken for something else


def _guess(body: bytes) -> str:
    sample = body[:_SAMPLE_BYTES]
    if sample.count(b"\x00") > len(sample) // 8:
        even, odd = sample[::2].count(b"\x00"), sample[1::2].count(b"\x00")
        return "utf-16-be" if even > odd else "utf-16-le"
    best = from_bytes(sample).best()
    return _encoding(best.encoding) if best is not None else ""
