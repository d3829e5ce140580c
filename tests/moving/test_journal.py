"""The journal: what is in it has happened; what a crash cut off has not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.moving.places import PLACES
from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.journal import Journal
from twin2multicloud.moving.log import FileLog
from twin2multicloud.moving.move import Move
from twin2multicloud.moving.mover import held_s

MOVE = Move(Slot.HOT, PLACES[Slot.HOT], Place(Provider.AZURE, "azure.cosmos-serverless", "westeurope"))


def written(file: Path, times: list[float] | None = None) -> Journal:
    clock = iter(times or [float(n) for n in range(100)])
    journal = Journal.begin(FileLog(file), lambda: next(clock), MOVE, PLACES)
    journal.write("begun", step="build")
    journal.write("done", step="build")
    journal.write("page", step="copy 1", name="hot", items=5, bytes=500, cursor=[3, "2026"])
    return journal


def opened(file: Path) -> Journal:
    return Journal(FileLog(file), lambda: 9.0)


def test_who_opens_it_knows_where_to_go_on(tmp_path: Path) -> None:
    written(tmp_path / "j")
    journal = opened(tmp_path / "j")
    assert journal.move == MOVE
    assert journal.places == PLACES
    assert (journal.state("build"), journal.state("copy")) == ("done", None)
    page = journal.last("page", "copy 1", "hot")
    assert page is not None
    assert (page.items, page.cursor) == (5, [3, "2026"])
    assert not journal.aborted
    assert not journal.ended


@given(cut=st.integers(min_value=1, max_value=200))
def test_a_line_that_was_cut_off_does_not_count_and_is_written_over(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("cut") / "j"
    written(file)
    whole = file.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    file.write_bytes(whole[: max(len(whole) - cut, last)])
    journal = opened(file)
    assert [entry.what for entry in journal.entries] == ["move", "begun", "done"]
    journal.write("begun", step="copy")
    assert opened(file).state("copy") == "begun"


def test_a_second_move_is_refused_and_nonsense_is_named(tmp_path: Path) -> None:
    written(tmp_path / "j")
    with pytest.raises(UsageError, match="resume or abort"):
        written(tmp_path / "j")
    (tmp_path / "other").write_text('{"what": "nonsense"}\n', "utf-8")
    with pytest.raises(UsageError, match="other: line 1 cannot be read"):
        opened(tmp_path / "other")
    (tmp_path / "other").write_text('{"what": "abort", "at": 1}\n', "utf-8")
    with pytest.raises(UsageError, match="other is no journal of a move"):
        _ = opened(tmp_path / "other").move


def test_a_move_whose_first_line_was_cut_off_has_not_begun(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b'{"what":"move","at":1,"mo')
    assert opened(tmp_path / "j").entries == []
    written(tmp_path / "j")
    assert opened(tmp_path / "j").move == MOVE


def test_a_line_is_one_line_and_its_owners(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "moves" / "j")
    with pytest.raises(ValueError, match="no line feed within"):
        log.append(b"one\ntwo")
    log.append(b"x" * 200_000)
    with (tmp_path / "moves" / "j").open("ab") as file:
        file.write(b"y" * 200_000)  # a crash cut it off
    log.append(b"")
    log.append(b"three")
    assert log.lines() == [b"x" * 200_000, b"", b"three"]
    assert (tmp_path / "moves" / "j").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "moves").stat().st_mode & 0o777 == 0o700


def test_how_long_writers_waited_is_added_up(tmp_path: Path) -> None:
    clock = iter([0, 10, 13, 20, 21, 25, 26.5])
    journal = Journal.begin(FileLog(tmp_path / "j"), lambda: next(clock), MOVE, PLACES)
    journal.write("begun", step="hold")  # 10
    journal.write("undone", step="hold")  # 13: it failed, they were let go
    journal.write("begun", step="hold")  # 20
    journal.write("done", step="hold")
    journal.write("begun", step="release")
    journal.write("done", step="release")  # 26.5
    assert held_s(journal) == 3 + 6.5
