"""What everything must do that keeps a deployment's documents."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from twin2multicloud.deployer.documents import LONGEST, DocumentLog, Documents
from twin2multicloud.model.errors import UsageError

OpenDocuments = Callable[[], Documents]
Work = Callable[[OpenDocuments, object, int, Callable[[int], object]], None]

_PROCESSES = multiprocessing.get_context("spawn")
_LINES = 800


class DocumentsContract:
    """Subclass and supply `open_documents`."""

    @pytest.fixture
    def open_documents(self) -> OpenDocuments:
        """Opens the documents under test; each call as a further process would. It can be pickled: some of the calls
        are made by further processes.
        """
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def documents(self, open_documents: OpenDocuments) -> Documents:
        return open_documents()

    # ── Documents ───────────────────────────────────────────────────────────────────────────────────────────
    def test_at_first_there_is_nothing(self, documents: Documents) -> None:
        assert documents.read("twin.json") is None
        assert documents.read("moves/after.json") is None
        assert documents.lines("moves/current.ndjson") == []
        assert documents.names() == []
        assert documents.names("moves/") == []

    @pytest.mark.parametrize("content", [b"", b"{}", bytes(range(256)), b"one\ntwo", b"x" * 2_000_000])
    def test_what_is_written_is_read_by_everybody(self, open_documents: OpenDocuments, content: bytes) -> None:
        documents, other = open_documents(), open_documents()
        documents.write("twin.json", b"what was there before, and was longer")
        assert other.read("twin.json") == b"what was there before, and was longer"
        documents.write("twin.json", content)
        assert documents.read("twin.json") == content
        assert other.read("twin.json") == content

    def test_what_is_deleted_is_gone(self, documents: Documents) -> None:
        documents.write("moves/after.json", b"1")
        documents.write("moves/before.json", b"2")
        documents.append("moves/log", b"3")
        documents.delete("moves/after.json")
        documents.delete("moves/log")
        assert documents.read("moves/after.json") is None
        assert documents.lines("moves/log") == []
        assert documents.names() == ["moves/before.json"]
        documents.delete("moves/after.json")
        documents.delete("never/was")
        documents.delete("moves")
        assert documents.read("moves/before.json") == b"2"

    def test_a_path_is_no_document(self, documents: Documents) -> None:
        documents.write("processors/climate.py", b"def process")
        assert documents.read("processors") is None
        assert documents.read("processors/climate.py/more") is None

    def test_names_are_listed_in_order(self, documents: Documents) -> None:
        assert documents.names("mo") == []
        for name in (
            "moves/b",
            "moves/a.json",
            "moves.json",
            "moves/B",
            "moves/_",
            "moves/a/c",
            "processors/x.py",
            "m",
        ):
            documents.write(name, b"")
        documents.append("moves/0001.ndjson", b"{}")
        moves = ["moves/0001.ndjson", "moves/B", "moves/_", "moves/a.json", "moves/a/c", "moves/b"]
        assert documents.names("moves/") == moves
        assert documents.names("moves") == ["moves.json", *moves]
        assert documents.names("moves/a") == ["moves/a.json", "moves/a/c"]
        assert documents.names("moves/b") == ["moves/b"]
        assert documents.names() == ["m", "moves.json", *moves, "processors/x.py"]

    @pytest.mark.parametrize("prefix", ["moves/%", "moves_", "m?ves", "MOVES/", "moves/*", "../", "/", "moves//"])
    def test_a_prefix_means_its_characters(self, documents: Documents, prefix: str) -> None:
        documents.write("moves/after.json", b"")
        assert documents.names(prefix) == []

    def test_names_differ_by_case_and_by_path(self, documents: Documents) -> None:
        names = ["a/b.json", "a_b.json", "x/a/b.json", "b.json"]
        for name in names:
            documents.write(name, name.encode())
        assert [documents.read(name) for name in names] == [name.encode() for name in names]

    # ── Names ───────────────────────────────────────────────────────────────────────────────────────────────
    @pytest.mark.parametrize(
        "name",
        [
            *("", "/", ".", "..", "../twin.json", "moves/../twin.json", "moves/..", "./twin.json", "/etc/passwd"),
            *("moves/", "moves//after.json", ".hidden", "moves/.hidden", "-rf", "a\\b", "C:x", "a b", "a\nb", "a\n"),
            *("a\0b", "zähler", "a%b", "a*", "~", "$HOME", "moves/~", "x" * (LONGEST + 1)),
        ],
    )
    def test_what_is_no_name_is_refused(self, documents: Documents, name: str) -> None:
        documents.write("twin.json", b"{}")
        attempts: list[Callable[[], Any]] = [
            lambda: documents.read(name),
            lambda: documents.write(name, b""),
            lambda: documents.lines(name),
            lambda: documents.append(name, b""),
            lambda: documents.delete(name),
            lambda: documents.rename(name, "other.json"),
            lambda: documents.rename("twin.json", name),
        ]
        for attempt in attempts:
            with pytest.raises(UsageError, match="is no name of a document") as raised:
                attempt()
            assert repr(name[:80]) in str(raised.value)
        assert documents.names() == ["twin.json"]

    @pytest.mark.parametrize(
        "name", ["a", "_", "0001-L3.hot-aborted.ndjson", "processors/Climate_2.py", "a/b/c/d", "x" * 64 + "/y", "a..b"]
    )
    def test_what_is_a_name_is_taken(self, documents: Documents, name: str) -> None:
        documents.write(name, b"1")
        assert documents.names() == [name]
        documents.rename(name, "other")
        documents.rename("other", name)
        assert documents.read(name) == b"1"

    def test_the_longest_name(self, documents: Documents) -> None:
        name = "/".join(["x" * 49] * 4) + "y"
        assert len(name) == LONGEST
        documents.write(name, b"1")
        assert documents.names() == [name]

    # ── Logs ────────────────────────────────────────────────────────────────────────────────────────────────
    def test_lines_come_in_their_order(self, open_documents: OpenDocuments) -> None:
        documents, other = open_documents(), open_documents()
        expected: list[bytes] = []
        for line in (b'{"what":"move"}', b"", bytes([*range(10), *range(11, 256)]), b"x" * 300_000, b"\r"):
            documents.append("moves/current.ndjson", line)
            expected.append(line)
            assert documents.lines("moves/current.ndjson") == expected
            assert other.lines("moves/current.ndjson") == expected
        other.append("moves/current.ndjson", b"of another")
        assert documents.lines("moves/current.ndjson") == [*expected, b"of another"]

    @pytest.mark.parametrize("line", [b"\n", b"one\ntwo", b"one\n"])
    def test_a_line_is_one(self, documents: Documents, line: bytes) -> None:
        with pytest.raises(ValueError, match="no line feed within"):
            documents.append("log", line)
        assert documents.lines("log") == []

    def test_a_journal_writes_to_one(self, documents: Documents) -> None:
        log = DocumentLog(documents, "moves/current.ndjson", "berlin")
        log.append(b"1")
        assert (log.name, log.lines()) == ("berlin/moves/current.ndjson", [b"1"])

    # ── Other names ─────────────────────────────────────────────────────────────────────────────────────────
    def test_a_log_goes_on_under_another_name_and_begins_anew_under_the_old_one(self, documents: Documents) -> None:
        documents.append("moves/current", b"1")
        documents.rename("moves/current", "moves/old/0001")
        documents.append("moves/current", b"2")
        documents.append("moves/old/0001", b"3")
        assert documents.lines("moves/old/0001") == [b"1", b"3"]
        assert documents.lines("moves/current") == [b"2"]
        assert documents.names() == ["moves/current", "moves/old/0001"]

    def test_a_renamed_one_takes_the_place_of_what_had_the_name(self, documents: Documents) -> None:
        documents.write("a", b"1")
        documents.write("b", b"2")
        documents.rename("a", "b")
        assert (documents.read("a"), documents.read("b"), documents.names()) == (None, b"1", ["b"])
        documents.append("log", b"3")
        documents.append("other", b"4")
        documents.rename("log", "other")
        assert (documents.lines("log"), documents.lines("other"), documents.names()) == ([], [b"3"], ["b", "other"])

    def test_what_is_not_there_has_no_other_name(self, documents: Documents) -> None:
        documents.write("b/c", b"2")
        for name in ("a", "b"):
            with pytest.raises(KeyError, match=name):
                documents.rename(name, "x")
        assert documents.names() == ["b/c"]

    # ── Several processes ───────────────────────────────────────────────────────────────────────────────────
    def test_lines_of_two_processes_are_whole_and_all_there(self, open_documents: OpenDocuments) -> None:
        for writer in _two(_append, open_documents, _LINES):
            _join(writer)
        lines = open_documents().lines("log")
        assert len(lines) == 2 * _LINES
        for number in range(2):
            mine = [line for line in lines if line.startswith(f"{number} ".encode())]
            assert mine == [_line(number, count) for count in range(_LINES)], "whole, and in their order"

    def test_of_two_writers_one_is_the_last_and_nobody_reads_a_part(self, open_documents: OpenDocuments) -> None:
        documents = open_documents()
        documents.write("twin.json", _content("before", 0))
        writers = _two(_write, open_documents, 30)
        while any(writer.is_alive() for writer in writers):
            _check_whole(documents.read("twin.json"))
        for writer in writers:
            _join(writer)
        assert documents.read("twin.json") in (_content(0, 29), _content(1, 29))
        assert documents.names() == ["twin.json"]

    # ── Crashes ─────────────────────────────────────────────────────────────────────────────────────────────
    @pytest.mark.parametrize("after", [1, 7, 20])
    def test_lines_of_a_process_that_is_killed_are_whole_and_those_it_had_added_are_there(
        self, open_documents: OpenDocuments, after: int
    ) -> None:
        added = _killed(_append, open_documents, after)
        documents = open_documents()
        lines = documents.lines("log")
        assert added <= len(lines) <= added + 1
        assert lines == [_line("doomed", count) for count in range(len(lines))]
        documents.append("log", b"the next one's")
        assert open_documents().lines("log") == [*lines, b"the next one's"]

    @pytest.mark.parametrize("after", [1, 7, 20])
    def test_a_document_of_a_process_that_is_killed_is_one_of_those_it_wrote(
        self, open_documents: OpenDocuments, after: int
    ) -> None:
        written = _killed(_write, open_documents, after)
        documents = open_documents()
        content = documents.read("twin.json")
        _check_whole(content)
        assert content in (_content("doomed", written - 1), _content("doomed", written))
        assert documents.names() == ["twin.json"]
        documents.write("twin.json", b"the next one's")
        assert documents.read("twin.json") == b"the next one's"


def _line(who: object, count: int) -> bytes:
    return f"{who} {count} ".encode() + b"x" * (1 + count * 997 % 9_000)


def _content(who: object, count: int) -> bytes:
    """A document that shows whether all of it is from one writer."""
    return f"<{who} {count}>".encode() * (3_000 + count * 997 % 9_000) + b"end"


def _check_whole(content: bytes | None) -> None:
    assert content is not None
    assert content.endswith(b"end")
    first = content.partition(b">")[0] + b">"
    assert content == first * content.count(b">") + b"end"


def _append(opening: OpenDocuments, who: object, count: int, told: Callable[[int], object]) -> None:
    documents = opening()
    for number in range(count):
        documents.append("log", _line(who, number))
        told(number + 1)


def _write(opening: OpenDocuments, who: object, count: int, told: Callable[[int], object]) -> None:
    documents = opening()
    for number in range(count):
        documents.write("twin.json", _content(who, number))
        told(number + 1)


def _side_by_side(work: Work, opening: OpenDocuments, who: int, count: int, begin: Barrier) -> None:
    begin.wait(PATIENCE_S)
    work(opening, who, count, lambda _number: None)


def _two(work: Work, opening: OpenDocuments, count: int) -> list[SpawnProcess]:
    """Two processes, 0 and 1, that begin this work at the same moment."""
    begin = _PROCESSES.Barrier(3)
    found = [_PROCESSES.Process(target=_side_by_side, args=(work, opening, who, count, begin)) for who in range(2)]
    for process in found:
        process.start()
    begin.wait(PATIENCE_S)
    return found


def _join(process: SpawnProcess) -> None:
    process.join(PATIENCE_S)
    assert process.exitcode == 0


def _telling(work: Work, opening: OpenDocuments, told: Connection) -> None:
    work(opening, "doomed", 1_000_000, told.send)


def _killed(work: Work, opening: OpenDocuments, after: int) -> int:
    """Kill a process in the middle of this work, once it has done so much; how much it has said that it did."""
    told, teller = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_telling, args=(work, opening, teller))
    process.start()
    teller.close()
    done = 0
    try:
        while done < after:
            assert told.poll(PATIENCE_S), "it does not get on"
            done = told.recv()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(PATIENCE_S)
        try:
            while told.poll():
                done = told.recv()
        except EOFError:
            pass
    finally:
        process.kill()
        told.close()
    return done
