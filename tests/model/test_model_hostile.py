"""Hostile and broken input: a clear error, bounded work, and never another exception."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.model.documents import MAX_BYTES, parse_workload, read_workload_file
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.formats import Format

BARE = "devices: 5\nmessage_interval_s: 60\nmessage_size_bytes: 100\n"
BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
)


def refusal(content: str | bytes, form: Format | None = None) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as error:
        parse_workload(content, "w", form)
    assert str(error.value).isprintable() or "\n" in str(error.value)
    assert len(str(error.value)) < 10_000
    return error.value


@pytest.mark.parametrize(
    ("content", "says", "line"),
    [
        (b"", "is empty; `twin2multicloud init`", None),
        (b" \n\n", "is empty", None),
        (b"# only a comment\n", "is empty", None),
        (b"\x7fELF\x02\x01\x01\x00\x00", "binary", None),
        (bytes(range(256)), "binary", None),
        (BARE.encode() + b"\0", "binary", None),
        (BARE.encode("utf-16"), "is UTF-16 text; save it as UTF-8", None),
        (b"devices: 5\n# gr\xfc\xdfe\n", "is not UTF-8 text", 2),
        ("devices: \x01\n", "control character", None),
        ("- devices: 5\n", "is a list, not a mapping", 1),
        ("just text", "is 'just text', not a mapping", 1),
        ("5", "is 5, not a mapping", 1),
        (BARE + "---\n" + BARE, "several YAML documents", 4),
        (BOMB, "anchors and aliases", 1),
        ("devices: 5\nx: &x [*x]\n", "anchors and aliases", 2),
        ("devices: !!python/object/apply:os.system [ls]\n", "tags", 1),
        ("devices: !!int 5\n", "tags", 1),
        ("\ndevices:\n\t5\n", "spaces, not tabs", 3),
        ("devices: 5: 6\n", "is not valid YAML", 1),
        ("devices: [5\n", "is not valid YAML", 2),
        ("[1, 2]: 3\n", "a key must be a plain word", 1),
        ("a:\n" + "- " * 50_000, "nested deeper than 16 levels", 2),
        ("- " * 100_000, "nested deeper than 16 levels", 1),
        ("a: [" + "1," * 100_000 + "1]", "more than 20000 values", 1),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_broken_yaml_and_undecodable_files(content: str | bytes, says: str, line: int | None) -> None:
    (finding,) = refusal(content, "yaml").findings
    assert says in finding.problem
    assert finding.line == line


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('{"devices": 5,}', "a key in double quotes is expected, not }", 1),
        ('{"devices": 5}\n x', "the end is expected, not x", 2),
        ('{"devices":\n 0x5}', "at 0x5}", 2),
        ('{"devices": 05}', "at 05}", 1),
        ("{'devices': 5}", "at 'devices'", 1),
        ('{"devices" 5}', "a colon is expected", 1),
        ('{"devices": 5 "a": 6}', "a comma or '}' is expected", 1),
        ('{"a": [1, 2}', "a comma or ']' is expected", 1),
        ('{"devices": ]}', "a value is expected, not ]", 1),
        ('{"devices": maybe}', "a value is expected, not maybe", 1),
        ('{"devices":\n', "ends too early", 1),
        ('{"a": "\\ud800"}', "broken escape", 1),
        ('{"a": "\\u12"}', "broken escape", 1),
        ('{"a": "\x02"}', "is not valid JSON", 1),
        ("[" * 100_000, "nested deeper than 16 levels", 1),
        ('{"a":' * 100_000, "nested deeper than 16 levels", 1),
        ('{"a": [' + "1," * 100_000 + "1]}", "more than 20000 values", 1),
        ("[]", "is a list, not a mapping", 1),
        ("null", "is empty", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_broken_json(text: str, says: str, line: int | None) -> None:
    (finding,) = refusal(text, "json").findings
    assert says in finding.problem
    assert finding.line == line


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("devices = \n", "is not valid TOML: invalid value", 1),
        ("devices = 5\nx = 1_\n", "is not valid TOML", 2),
        ("a = " + "[" * 100_000, "nested deeper", None),
        ("a = " + "[" * 20 + "]" * 20, "nested deeper", None),
        ("a" + ".a" * 400_000 + " = 1", "more than 16 dots in one line", 1),
        ("".join(f"k{i} = 1\n" for i in range(21_000)), "more than 20000 lines", None),
        ("devices = " + "9" * 5000, "exceeds the limit", None),
        ("d = 2024-13-45\n", "is not valid TOML", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_broken_toml(text: str, says: str, line: int | None) -> None:
    (finding,) = refusal(text, "toml").findings
    assert says in finding.problem
    if line is not None:
        assert finding.line == line


@pytest.mark.parametrize("form", ["yaml", "json", "toml", None])
@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 1_000_000 + "b",
        "a" + " " * 1_000_000 + "= 1",
        '"' * 900_000,
        "? " * 400_000,
        "{" * 900_000,
        "d" * 1_000_000 + ": 1",
        '{"' + "\\n" * 400_000 + '": 1}',
        "#\n" * 500_000,
        "".join(f"devicez{i}: 1\n" for i in range(4000)),
        "[a]\n" * 200_000,
    ],
    ids=lambda value: value[:12],
)
def test_a_megabyte_of_anything_is_refused_shortly(form: Format | None, text: str) -> None:
    assert len(refusal(text, form).findings) <= 51


def test_thousands_of_unknown_fields_give_fifty_findings_and_a_count() -> None:
    found = refusal(BARE + "".join(f"x{i}: 1\n" for i in range(1000)), "yaml").findings
    assert len(found) == 51
    assert found[-1].problem == "further problems not shown: 950"


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="is larger than 1 MiB"):
        read_workload_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


class Endless(io.RawIOBase):
    """A stream like /dev/zero that counts what was taken from it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.taken += size
        return b"\0" * size


def test_an_endless_stream_is_left_at_the_limit() -> None:
    stream = Endless()
    with pytest.raises(InvalidInputError, match="standard input: is larger than 1 MiB"):
        read_workload_file("-", stdin=stream)  # type: ignore[arg-type]
    assert stream.taken == MAX_BYTES + 1
    if Path("/dev/zero").exists():
        with pytest.raises(InvalidInputError, match="is larger than 1 MiB"):
            read_workload_file("/dev/zero")


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(BARE + "#" * (MAX_BYTES - len(BARE)))
    assert read_workload_file(path).workload.devices == 5


def test_paths_that_are_no_readable_file(tmp_path: Path) -> None:
    (tmp_path / "workload.yaml").write_text(BARE)
    with pytest.raises(InvalidInputError, match="is a directory"):
        read_workload_file(tmp_path)
    with pytest.raises(InvalidInputError, match=r"no such file; did you mean '.*workload\.yaml'"):
        read_workload_file(tmp_path / "workloads.yaml")
    with pytest.raises(InvalidInputError, match=r"no such file$"):
        read_workload_file(tmp_path / "missing" / "x")
    with pytest.raises(InvalidInputError, match="did you mean 'smart-home'"):
        read_workload_file("smart-hoem")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_workload_file("a\0b")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_workload_file("x" * 5000)


def test_a_file_without_read_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(BARE)

    def refuse(self: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Changing the mode would not stop a test that runs as root.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidInputError, match="may not be read; check its permissions"):
        read_workload_file(path)


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
def test_a_pipe_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, BARE.encode())
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        assert read_workload_file("-", stdin=stream).workload.devices == 5


@given(st.binary(max_size=300) | st.text(max_size=300), st.sampled_from(["yaml", "json", "toml", None]))
@settings(deadline=None, max_examples=300)
def test_arbitrary_content_gives_a_workload_or_findings(content: bytes | str, form: Format | None) -> None:
    try:
        parse_workload(content, "w", form)
    except InvalidInputError as error:
        str(error).encode()  # printable anywhere


FRAGMENTS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"devices"',
    '"a"',
    "5",
    "1e9",
    "null",
    "NaN",
    '"\\n"',
    " ",
    "\n",
    "-",
    "=",
    "a",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join), st.sampled_from(["yaml", "json", "toml"]))
@settings(deadline=None, max_examples=500)
def test_almost_documents_give_a_workload_or_findings(content: str, form: Format) -> None:
    with pytest.raises(InvalidInputError):  # it cannot have all three required fields
        parse_workload(content, "w", form)
