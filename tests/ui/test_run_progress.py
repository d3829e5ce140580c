"""How far a run is, from what it tells."""

from __future__ import annotations

from tests.ui.run_documents import HOT, SMALL, Telling, plan, stack
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.progress import Progress
from twin2multicloud.app.ui.runs.strip import pieces


def test_a_plan_is_read_with_what_is_gravest_first() -> None:
    found = Plan.read(SMALL)
    assert found is not None
    assert [each.label for each in found.stacks] == [
        "Foundation · AWS eu-central-1",
        "L3 Storage · hot",
        "L2 Processing",
    ]
    assert (found.count("add"), found.nothing, found.losing) == (3, False, [])
    assert found.stacks[1].changes[0].name == "aws_dynamodb_table.hot"
    assert Plan.read(None) is None


def test_a_store_that_is_replaced_loses_its_data_and_other_slots_do_not() -> None:
    replaced = {"address": "module.slot.x.y", "action": "replace", "attributes": ["name"]}
    found = Plan.read(plan(stack(HOT, "L3.hot", replaced), stack("L2", "L2", replaced)))
    assert found is not None
    assert [each.name for each in found.losing] == [HOT]
    assert found.stacks[0].operations == 2


def test_resources_are_counted_and_timed_from_when_the_plan_was_agreed_to() -> None:
    told, progress = Telling(), Progress()
    progress.take(told.progress(HOT, "data.x.y", "complete", "read"))
    progress.take(told.planned(SMALL))
    progress.take(told.event("run.applying"))
    assert {name: row.state for name, row in progress.rows.items()} == {
        "foundation-aws-eu-central-1": "waiting",
        HOT: "waiting",
        "L2": "unchanged",
    }
    progress.take(told.progress(HOT, "aws_dynamodb_table.hot", "started"))
    row = progress.rows[HOT]
    assert (row.state, row.made, row.planned) == ("working", 0, 2)
    assert [deed.address for deed in row.running] == ["module.slot.aws_dynamodb_table.hot"]
    done = told.progress(HOT, "aws_dynamodb_table.hot", "complete")
    progress.take(done)
    deed = row.deeds["module.slot.aws_dynamodb_table.hot"]
    assert (deed.state, deed.seconds(done.at), row.made) == ("done", 1.0, 1)


def test_what_is_told_again_after_an_interruption_counts_once() -> None:
    told, progress = Telling(), Progress()
    for event in (told.planned(SMALL), told.event("run.applying")):
        progress.take(event)
    for _ in range(2):
        progress.take(told.progress(HOT, "aws_iam_role.hot", "complete"))
    assert progress.rows[HOT].made == 1
    progress.take(told.event("run.applying"))
    assert progress.rows[HOT].made == 1


def test_what_failed_stays_failed_and_what_was_not_begun_says_so() -> None:
    told, progress = Telling(), Progress()
    for event in (
        told.planned(SMALL),
        told.event("run.applying"),
        told.progress(HOT, "aws_iam_role.hot", "started"),
        told.progress(HOT, "aws_iam_role.hot", "errored"),
        told.progress(HOT, "aws_dynamodb_table.hot", "started"),
        told.outcome(HOT, "failed", elapsed_s=4.0),
        told.outcome("L2", "skipped"),
        told.event("run.failed"),
    ):
        progress.take(event)
    assert progress.ended == "failed"
    assert (progress.rows[HOT].state, progress.rows["L2"].state) == ("failed", "not begun")
    assert all(deed.state == "failed" for deed in progress.rows[HOT].deeds.values())


def test_the_strip_counts_foundations_together_and_shows_what_follows() -> None:
    told, progress = Telling(), Progress()
    wiring = {"step": {"step": "wiring", "text": "links", "done": 1, "total": 4}}
    for event in (told.planned(SMALL), told.event("run.applying"), told.event("step", data=wiring)):
        progress.take(event)
    found = pieces(progress, progress.plan)
    assert [(each.name, each.state, each.count) for each in found] == [
        ("Foundations", "waiting", "0/1"),
        ("L3 hot", "waiting", "0/2"),
        ("L2", "unchanged", ""),
        ("wiring", "working", "1/4"),
    ]


def test_a_move_is_told_of_by_its_phases_there_and_back() -> None:
    told, progress = Telling(), Progress()
    for state, back in (("begun", False), ("working", False), ("done", False), ("begun", True)):
        data = {"progress": {"step": "copy", "state": state, "what": "hot", "items": 90, "bytes": 900, "back": back}}
        progress.take(told.event("move", data=data))
    there, back_again = progress.phases[("copy", False)], progress.phases[("copy", True)]
    assert (there.state, there.items) == ("done", {"hot": (90, 900)})
    assert (back_again.state, back_again.items) == ("working", {})
