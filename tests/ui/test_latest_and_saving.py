"""Answers that follow what is typed, and drafts that keep themselves: without a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.ui.driver import driven
from twin2multicloud.app.client.http import DisconnectedError
from twin2multicloud.app.errors import StaleError
from twin2multicloud.app.schemas.drafts import Draft
from twin2multicloud.app.ui.new_twin.editor import Editor
from twin2multicloud.app.ui.new_twin.latest import Latest
from twin2multicloud.app.ui.new_twin.pace import Pace
from twin2multicloud.app.ui.new_twin.saving import Saving, written_of
from twin2multicloud.model.errors import InfeasibleError

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


# ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────
@driven
async def test_an_answer_to_an_older_question_is_dropped() -> None:
    asked: list[asyncio.Future[int]] = []

    async def ask() -> int:
        asked.append(asyncio.get_running_loop().create_future())
        return await asked[-1]

    latest = Latest(ask, 0.0)
    latest.want()
    await until(lambda: len(asked) == 1)
    latest.want()
    latest.want()
    await asyncio.sleep(0.02)
    assert len(asked) == 1  # one at a time
    asked[0].set_result(1)
    await until(lambda: len(asked) == 2)
    assert latest.value is None
    assert latest.work.busy
    asked[1].set_result(2)
    await until(lambda: not latest.work.busy)
    assert [latest.value, len(asked)] == [2, 2]


@driven
async def test_an_error_leaves_the_last_answer_and_the_next_one_clears_it() -> None:
    answers: list[Any] = [1, InfeasibleError("nothing"), 3]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    latest = Latest(ask, 0.0)
    for value, failed in ((1, False), (1, True), (3, False)):
        latest.now()
        await until(lambda: not latest.work.busy)
        assert (latest.value, latest.error is not None) == (value, failed)


@driven
async def test_a_finger_that_moves_all_the_time_is_followed_now_and_then_and_to_its_end() -> None:
    seen: list[int] = []
    pace = Pace()
    for place in range(50):
        pace.soon(lambda place=place: seen.append(place))  # type: ignore[misc]
        await asyncio.sleep(0.005)
    pace.now()
    assert seen[-1] == 49
    assert len(seen) < 10
    pace.now()
    assert seen.count(49) == 1


# ── Keeping ─────────────────────────────────────────────────────────────────────────────────────────────────
class Server:
    """What keeps the draft, as far as a test needs it."""

    def __init__(self) -> None:
        self.kept = Draft(
            id="drf_1",
            workspace="wsp_1",
            title="mill",
            twin=None,
            twin_number=None,
            step="",
            version=1,
            created_at=NOW,
            updated_at=NOW,
            format="yaml",
            source="name: mill\n",
            files={},
        )
        self.fails: list[Exception] = []
        self.asked = 0

    async def ask(self, question: Callable[[Any], Any]) -> Any:
        await asyncio.sleep(0)
        return question(self)

    @property
    def drafts(self) -> Server:
        return self

    def get(self, _: str) -> Draft:
        return self.kept

    def save(self, there: Draft, changes: Any) -> Draft:
        self.asked += 1
        if self.fails:
            raise self.fails.pop(0)
        if there.version != self.kept.version:
            raise StaleError("somebody changed this draft")
        self.kept = self.kept.model_copy(update={**changes.changes(), "version": there.version + 1})
        return self.kept


def opened() -> tuple[Server, Editor, Saving]:
    server = Server()
    editor = Editor(written_of(server.kept), lambda: 0.0)
    saving = Saving(server.kept, editor, server.ask, lambda: NOW)
    saving.begin()
    return server, editor, saving


@driven
async def test_a_draft_saves_itself_a_moment_after_a_change() -> None:
    server, editor, saving = opened()
    editor.set(("name",), "mills")
    assert saving.state == "unsaved"
    await until(lambda: saving.state == "saved")
    assert (server.kept.source, server.kept.title, server.asked) == ("name: mills\n", "mills", 1)
    editor.undo()
    editor.redo()
    assert [saving.state] == ["saved"]  # it is as it is kept


@driven
async def test_what_is_typed_while_it_is_being_saved_is_saved_after_that() -> None:
    server, editor, saving = opened()
    editor.set(("name",), "a")
    task = asyncio.create_task(saving.save())
    await asyncio.sleep(0)
    editor.set(("name",), "b")
    await task
    await until(lambda: saving.state == "saved")
    assert server.kept.source == "name: b\n"


@driven
async def test_a_server_that_is_away_is_said_and_nothing_is_lost() -> None:
    server, editor, saving = opened()
    server.fails = [DisconnectedError("it does not answer")]
    editor.set(("name",), "mills")
    assert not await saving.save()
    assert saving.state == "failed"
    assert saving.failure is not None
    assert await saving.save()
    assert server.kept.source == "name: mills\n"


@driven
async def test_a_draft_that_was_saved_elsewhere_is_not_overwritten_unasked() -> None:
    server, editor, saving = opened()
    theirs = server.kept.model_copy(update={"source": "name: theirs\n", "version": 2})
    server.kept = theirs
    editor.set(("name",), "mine")
    assert not await saving.save()
    assert saving.state == "conflict"
    editor.set(("name",), "mine-still")
    assert not await saving.save()
    assert server.kept == theirs
    await saving.take_theirs()
    assert (editor.name, saving.state) == ("theirs", "saved")
    editor.undo()
    assert editor.name == "mine-still"


@driven
async def test_what_is_here_can_be_kept_over_what_was_saved_elsewhere() -> None:
    server, editor, saving = opened()
    server.kept = server.kept.model_copy(update={"source": "name: theirs\n", "version": 2})
    editor.set(("name",), "mine")
    await saving.save()
    await saving.keep_mine()
    assert (server.kept.source, saving.state) == ("name: mine\n", "saved")
