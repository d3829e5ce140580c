"""Reading a workload file: bounded, safe, and with every problem reported at once.

A document has either the workload's fields at its top level, or the sections `workload` (required),
`constraints` and `assumptions`. A twin's file is a workload, too: its other sections are left to `model.twin`, but
for the number of devices, which the workload may leave to them. The suffix tells the format (.yaml, .yml, .json,
.toml); standard input (`-`) and other names are recognised by their content. Text is UTF-8, with or without a byte
order mark.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, RawIOBase
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from pydantic import BaseModel

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.names import nearest, shown
from twin2multicloud.model.parsing import Mark, Parsed, Path, fail, field_name
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.sections import TWIN_SECTIONS, is_twin, with_device_count
from twin2multicloud.model.validation import Locate, ModelT, limited, validated, value_text
from twin2multicloud.model.workload import Workload

MAX_BYTES: Final = 1_048_576
"""A workload file has two kilobytes; anything above 1 MiB is the wrong file."""

_SECTION_OF: Final[Mapping[type[BaseModel], str]] = MappingProxyType(
    {Workload: "workload", Constraints: "constraints", Assumptions: "assumptions"}
)
SECTIONS: Final = tuple(_SECTION_OF.values())

SUFFIXES: Final[Mapping[str, Format]] = MappingProxyType(
    {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml"}
)


@dataclass(frozen=True)
class WorkloadDocument:
    """A workload with the constraints and the assumptions that came with it (None where the document has none)."""

    source: str
    workload: Workload
    constraints: Constraints | None = None
    assumptions: Assumptions | None = None


def read_workload_file(path: str | FilePath, *, stdin: BinaryIO | None = None) -> WorkloadDocument:
    """The document in a file, or on standard input if `path` is `-` (`stdin` replaces the process's).

    Never reads more than `MAX_BYTES` + 1 bytes. Raises `InvalidInputError` for a file that cannot be read as well
    as for its content.
    """
    content, source = read_source(path, stdin=stdin)
    return parse_workload(content, source, SUFFIXES.get(FilePath(path).suffix.lower()))


def read_source(path: str | FilePath, *, stdin: BinaryIO | None = None) -> tuple[bytes, str]:
    """A file's content (standard input's if `path` is `-`) and its name in errors; bounded like all of them."""
    if str(path) == "-":
        stream = sys.stdin.buffer if stdin is None else stdin
        return read_bounded(stream, "standard input"), "standard input"
    return file_content(FilePath(path)), str(path)


def parse_workload(content: bytes | str, source: str, form: Format | None = None) -> WorkloadDocument:
    """The document in `content`; without `form` its first line tells the format. `source` names it in errors."""
    text = decoded(content, source)
    return document_of(parse(text, form or sniff(text), source), source)


def document_of(parsed: Parsed, source: str) -> WorkloadDocument:
    """The document with a raw value. Raises `InvalidInputError` with every finding."""
    value = parsed.value
    if value is None:
        raise fail(source, "is empty; `twin2multicloud init` writes a commented workload file to start from")
    if not isinstance(value, dict):
        problem = f"is {value_text(value)}, not a mapping; write name: value pairs such as devices: 100"
        raise fail(source, problem, 1, 1)
    findings = list(parsed.findings)

    def locate(path: Path) -> Mark | None:
        return nearest_mark(parsed.marks, path)

    def section(model: type[ModelT]) -> ModelT | None:
        name = _SECTION_OF[model]
        if name not in sections:
            return None
        instance, found = validated(model, sections[name], prefix=(name,), locate=locate)
        findings.extend(found)
        return instance

    # A mapping at the top level is a section, perhaps a misspelled one: no field of a workload is a mapping.
    twin = is_twin(value)
    if twin or any(key in SECTIONS or isinstance(item, dict) for key, item in value.items()):
        if twin:
            priced = {key: item for key, item in value.items() if key not in TWIN_SECTIONS}
            if "workload" in value:
                priced["workload"] = with_device_count(value["workload"], value.get("devices"))
            value = priced
        sections, found = _sections(value, locate, (*SECTIONS, *TWIN_SECTIONS) if twin else SECTIONS)
        findings += found
        workload, constraints, assumptions = section(Workload), section(Constraints), section(Assumptions)
        if "workload" not in value and not findings:
            findings.append(Finding("workload", "is required; write its fields under 'workload'"))
    else:
        workload, found = validated(Workload, value, locate=locate)
        findings += found
        constraints, assumptions = None, None
    if findings or workload is None:
        raise InvalidInputError(source, limited(findings))
    return WorkloadDocument(source, workload, constraints, assumptions)


def _sections(
    value: Mapping[str, Any], locate: Locate, known: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """The sections that are mappings, and what is wrong with the rest of the top level."""
    sections: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    for key, item in value.items():
        if key in SECTIONS and isinstance(item, dict | None):
            sections[key] = item or {}
            continue
        if key in SECTIONS:
            problem = f"{value_text(item)} is not a mapping; write name: value pairs"
        elif key in Workload.model_fields:
            problem = "is a field of the workload; move it under 'workload'"
        else:
            guess = nearest(key, [name for name in known if name not in value])
            problem = f"unknown section; did you mean '{guess}'?" if guess else "unknown section; remove it"
        mark = locate((key,))
        place = (mark.line, mark.column) if mark else (None, None)
        findings.append(Finding(field_name((key,)), problem, value_text(item), *place))
    return sections, findings


def nearest_mark(marks: Mapping[Path, Mark], path: Path) -> Mark | None:
    """The place of a path, or of the innermost known value around it (without that value's text)."""
    if path in marks:
        return marks[path]
    while path:
        path = path[:-1]
        if path and path in marks:
            return Mark(marks[path].line, marks[path].column)
    return None


def read_bounded(stream: BinaryIO | BufferedIOBase | RawIOBase, source: str) -> bytes:
    """All of a stream that has at most `MAX_BYTES`; an endless one is left after that."""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_BYTES:
        chunk = stream.read(min(65_536, MAX_BYTES + 1 - size))
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    raise _too_large(source)


def decoded(content: bytes | str, source: str) -> str:
    """UTF-8 text without byte order mark. Raises `InvalidInputError` for binary, large or other text."""
    if len(content) > MAX_BYTES:
        raise _too_large(source)
    if isinstance(content, str):
        text = content.removeprefix("\ufeff")
    else:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise fail(source, "is UTF-16 text; save it as UTF-8")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if b"\0" in content:
                raise fail(source, "is a binary file, not text") from error
            line = content[: error.start].count(b"\n") + 1
            raise fail(source, "is not UTF-8 text; save it as UTF-8", line) from error
    if "\0" in text:
        raise fail(source, "is a binary file, not text")
    return text


def _too_large(source: str) -> InvalidInputError:
    return fail(source, f"is larger than {MAX_BYTES // 1_048_576} MiB, so it is no workload file")


def file_content(file: FilePath) -> bytes:
    """A file's content; `InvalidInputError` with the remedy where it cannot be read."""
    source = str(file)
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise fail(source, "is a directory, not a file")
        # A regular file's size is known before reading; a pipe's is not, so the stream is bounded as well.
        if stat.S_ISREG(status.st_mode) and status.st_size > MAX_BYTES:
            raise _too_large(source)
        with file.open("rb") as stream:
            return read_bounded(stream, source)
    except FileNotFoundError as error:
        raise fail(source, _missing(file)) from error
    except PermissionError as error:
        raise fail(source, "may not be read; check its permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise fail(shown(source, 200), f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _missing(file: FilePath) -> str:
    """What to try instead of a file that is not there."""
    guess = nearest(file.name, scenario_names()) if file.name == str(file) and not file.suffix else None
    if guess:
        return f"no such file or built-in scenario; did you mean '{guess}'?"
    try:
        beside = [entry.name for _, entry in zip(range(500), file.parent.iterdir(), strict=False)]
    except OSError:
        beside = []
    guess = nearest(file.name, beside)
    return f"no such file; did you mean '{file.parent / guess}'?" if guess else "no such file"
