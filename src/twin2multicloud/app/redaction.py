"""Takes secrets out of what is written to logs: by the name they are under, and by what they look like.

It is the last line, not the first: whoever logs leaves secrets out. But errors of libraries quote what they were given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[redacted]"
LONGEST: Final = 20_000
"""Characters of one value that are kept."""
_DEEPEST: Final = 8
_NAME: Final = (
    r"authorization|cookie|passw(?:or)?d|passphrase|secret|token|credential|private[_-]?key|access[_-]?key|api[_-]?key"
    r"|account[_-]?key|shared[_-]?access|signature|connection[_-]?string|client[_-]?assertion|session[_-]?id|csrf|otp"
)
_NAMES: Final = re.compile(rf"(?i){_NAME}|^(?:key|keys|sig|code|auth|sas|pwd)$")
_HARMLESS: Final = frozenset({"key_id", "token_type", "secret_name", "key_name", "credential_id", "correlation_id"})
"""Names that tell which, not what."""

_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_RANDOM_40: Final = r"(?=\S{0,39}[a-z])(?=\S{0,39}[A-Z])(?=\S{0,39}\d)[A-Za-z0-9+/]{40}"
# In their order: a block before what may be in it. No pattern looks far for its beginning: texts may be long.
_SHAPES: Final = [
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        (r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL, HIDDEN),
        (r"(://)[^\s/@\"'<>]+@", 0, rf"\1{HIDDEN}@"),
        (r"([?&](?:sig|code|state|key|id_token|X-Amz-[A-Za-z-]+)=)[^&\s\"']+", re.I, rf"\1{HIDDEN}"),
        (r"\b(bearer|basic|sharedaccesssignature)\s+[A-Za-z0-9._~+/=%&-]{8,}", re.I, rf"\1 {HIDDEN}"),
        (
            rf"((?:{_NAME})[A-Za-z0-9_-]{{0,40}}[\"']?\s*(?:=>|[=:])\s*b?)({_QUOTED}|[^\s,;&\"')}}\]]+)",
            re.I,
            rf"\1{HIDDEN}",
        ),
        (rf"((?:{_NAME})[A-Za-z0-9_-]{{0,40}}[\"'],\s*b?)({_QUOTED})", re.I, rf"\1{HIDDEN}"),
        (r"\bt2m_[A-Za-z0-9_-]{16,}", 0, HIDDEN),
        (r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b", 0, HIDDEN),
        (r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*", 0, HIDDEN),
        (r"\bAIza[A-Za-z0-9_-]{35}", 0, HIDDEN),
        (r"\b(?:gh[pousr]_|github_pat_|glsa_|glc_|xox[abprs]-)[A-Za-z0-9_-]{20,}", 0, HIDDEN),
        # A storage account's key, and AWS's secret keys: as long as a SHA-1, which has no capitals.
        (r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==", 0, HIDDEN),
        (rf"(?<![A-Za-z0-9+/=_.-]){_RANDOM_40}(?![A-Za-z0-9+/=_.-])", 0, HIDDEN),
    )
]


def redacted_text(text: str) -> str:
    """Without what looks like a secret, and without what is beyond any use in a log."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + " …"
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: Any, name: str = "", depth: int = 0) -> Any:
    """A value as it may be logged under a name; what it consists of likewise."""
    if name and name not in _HARMLESS and _NAMES.search(name) and not isinstance(value, bool | int | float | None):
        return HIDDEN
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, bool | int | float | None):
        return value
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {redacted_text(str(key)): redacted(each, str(key), depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(each, "", depth + 1) for each in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    return redacted_text(str(value))
