"""What Google Cloud's L3, L4 and L5 use on meters, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blueprint.gcp_usage import (
    DAYS,
    FUNCTION_VCPUS,
    SECONDS,
    all_of,
    fits,
    named,
    own,
    parts,
    volumes,
)
from twin2multicloud.blueprint.edges import TO_ARCHIVE, TO_COOL
from twin2multicloud.blueprint.gcp import GCP
from twin2multicloud.blueprint.parts import End, Relation
from twin2multicloud.model.assumptions import Assumptions

# ── L3 hot ──────────────────────────────────────────────────────────────────────────────────────────────────────

QUERIES = 12 * 8 * DAYS * 4  # of history panels


def test_firestore_counts_documents() -> None:
    used = named("gcp.firestore", "hot", volumes())
    assert used == {
        "gcp.firestore.writes": pytest.approx(SECONDS),
        # Each of the mover's 730 runs asks twice for the earliest record.
        "gcp.firestore.reads": pytest.approx(QUERIES * 100 + SECONDS + 2 * 730),
        "gcp.firestore.deletes": pytest.approx(SECONDS),
        "gcp.firestore.storage": pytest.approx(SECONDS * 1150),
    }


def test_expiry_is_deletion_even_where_no_tier_follows() -> None:
    used = own("gcp.firestore", volumes(hot_months=2.0, cool_months=2.0, archive_months=2.0))
    assert used["gcp.firestore.deletes"] == pytest.approx(SECONDS)
    assert used["gcp.firestore.reads"] == pytest.approx(QUERIES * 100)
    assert used["gcp.scheduler.jobs"] == 0


def test_growing_fleets_delete_fewer_than_they_write() -> None:
    v = volumes(hot_months=12.0, cool_months=12.0, archive_months=12.0, growth_per_month=0.1)
    used = named("gcp.firestore", "hot", v)
    assert used["gcp.firestore.deletes"] == pytest.approx(used["gcp.firestore.writes"] / 1.1**12)


@pytest.mark.parametrize(
    ("changes", "nodes"),
    [
        ({}, 1),
        ({"devices": 7000, "hot_months": 0.1}, 1),
        ({"devices": 7001, "hot_months": 0.1}, 2),
        ({"devices": 1000, "peak_factor": 31.0}, 5),
        # Nodes hold 5 TB and are planned for 70 %: 1.15 kB a second, kept for 1,200 months, are 3.6 TB.
        ({"hot_months": 1200.0, "cool_months": 1200.0, "archive_months": 1200.0}, 2),
    ],
)
def test_bigtable_has_whole_nodes_for_writes_and_storage(changes: dict[str, Any], nodes: int) -> None:
    used = named("gcp.bigtable", "hot", volumes(**changes))
    assert used["gcp.bigtable.node-hours"] == pytest.approx(nodes * 730)


def test_each_mover_is_a_scheduled_job() -> None:
    v = volumes()
    for offer_id in ("gcp.firestore", "gcp.bigtable"):
        assert own(offer_id, v)["gcp.scheduler.jobs"] == 1
        mover = named(offer_id, "to-cool-mover", v)
        assert mover["gcp.run.requests"] == pytest.approx(730)
        # 3,600 records an hour: 5 + 360 ms, rounded up.
        assert mover["gcp.run.cpu"] == pytest.approx(730 * 0.4 * FUNCTION_VCPUS)
    assert "gcp.scheduler.jobs" not in own("gcp.storage-nearline", v)
    assert "to-archive-mover-schedule" in parts("gcp.storage-nearline", TO_ARCHIVE, End.SOURCE, Relation.CLOUD, v)


def test_posting_lengthens_the_mover() -> None:
    # One object an hour: 365 ms become 425 ms, a step of 100 ms more.
    leaving = parts("gcp.firestore", TO_COOL, End.SOURCE, Relation.CLOUD, volumes())
    assert leaving["to-cool-mover"]["gcp.run.requests"] == 0
    assert leaving["to-cool-mover"]["gcp.run.cpu"] == pytest.approx(730 * 0.1 * FUNCTION_VCPUS)
    assert parts("gcp.firestore", TO_COOL, End.SOURCE, Relation.SAME, volumes()) == {}


# ── L3 cool and archive ─────────────────────────────────────────────────────────────────────────────────────────

SIZE = SECONDS * 1250 * 0.25  # of a month's objects


def test_nearline_objects_are_written_read_and_retrieved() -> None:
    assert own("gcp.storage-nearline", volumes()) == {
        "gcp.storage.nearline.storage": pytest.approx(SIZE * 2),
        "gcp.storage.nearline.class-a": pytest.approx(730),
        "gcp.storage.nearline.class-b": pytest.approx(730 * 2 * 0.05),
        "gcp.storage.nearline.retrieval": pytest.approx(SIZE * 2 * 0.05),
    }


def test_coldline_charges_early_deletion_unless_objects_change_class_in_place() -> None:
    storage = "gcp.storage.coldline.storage"
    full = SIZE * 90 / DAYS
    # Cool for two months, then archived: in place that is no deletion.
    moved = volumes()
    assert all_of("gcp.storage-coldline", moved, Relation.SAME)[storage] == pytest.approx(SIZE * 2)
    assert all_of("gcp.storage-coldline", moved, Relation.CLOUD)[storage] == pytest.approx(full)
    # Cool for two months, then deleted.
    deleted = volumes(archive_months=3.0)
    for relation in Relation:
        assert all_of("gcp.storage-coldline", deleted, relation)[storage] == pytest.approx(full)


def test_archive_minimum_counts_the_time_in_the_cool_class_in_place() -> None:
    storage = "gcp.storage.archive.storage"
    year = 365 / DAYS
    v = volumes()
    # Archived for nine months after two in the cool class.
    assert all_of("gcp.storage-archive", v, Relation.SAME)[storage] == pytest.approx(SIZE * (year - 2))
    assert all_of("gcp.storage-archive", v, Relation.CLOUD)[storage] == pytest.approx(SIZE * year)
    long = volumes(archive_months=36.0)
    for relation in Relation:
        assert all_of("gcp.storage-archive", long, relation)[storage] == pytest.approx(SIZE * 33)


def test_archive_writes_once_however_objects_come() -> None:
    v = volumes()
    for relation in Relation:
        assert all_of("gcp.storage-archive", v, relation)["gcp.storage.archive.class-a"] == pytest.approx(730)
    assert parts("gcp.storage-archive", TO_ARCHIVE, End.TARGET, Relation.SAME, v) == {}
    assert parts("gcp.storage-nearline", TO_ARCHIVE, End.SOURCE, Relation.SAME, v) == {}
    remote = parts("gcp.storage-archive", TO_ARCHIVE, End.TARGET, Relation.CLOUD, v)
    assert remote["to-archive-receiver"]["gcp.run.requests"] == pytest.approx(730)


def test_what_leaves_the_cool_tier_is_read_and_posted() -> None:
    leaving = parts("gcp.storage-nearline", TO_ARCHIVE, End.SOURCE, Relation.CLOUD, volumes())
    assert leaving["cool"] == {
        "gcp.storage.nearline.class-b": pytest.approx(730),
        "gcp.storage.nearline.retrieval": pytest.approx(SIZE),
        # Two months are longer than the class's minimum: nothing is deleted early.
        "gcp.storage.nearline.storage": 0.0,
    }
    assert leaving["to-archive-mover-schedule"] == {"gcp.scheduler.jobs": 1}
    # 5 + 360 + 60 ms a run, rounded up.
    assert leaving["to-archive-mover"]["gcp.run.cpu"] == pytest.approx(730 * 0.5 * FUNCTION_VCPUS)


def test_tiers_of_no_length_cost_nothing() -> None:
    v = volumes(hot_months=2.0, cool_months=2.0, archive_months=2.0)
    for offer_id in ("gcp.storage-nearline", "gcp.storage-coldline", "gcp.storage-archive"):
        for relation in Relation:
            assert set(all_of(offer_id, v, relation).values()) == {0.0}


# ── L4 and L5 ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_own_graph_reads_the_entities_of_an_answer() -> None:
    used = own("gcp.own-graph", volumes(entities_3d=9))
    queries = 12 * 8 * DAYS * 2
    assert used["gcp.firestore.writes"] == pytest.approx(SECONDS)
    assert used["gcp.firestore.reads"] == pytest.approx(queries * 5)  # 10,000 bytes of entities of 2,000
    assert used["gcp.firestore.storage"] == pytest.approx(10 * 2000)
    assert used["gcp.run.requests"] == pytest.approx(queries)
    empty = own("gcp.own-graph", volumes(Assumptions(entity_bytes=0)))
    assert empty["gcp.firestore.reads"] == pytest.approx(queries)


@pytest.mark.parametrize(("users", "vcpus"), [(0, 1), (100, 1), (101, 2), (1000, 10)])
def test_grafana_container_always_runs_on_whole_vcpus(users: int, vcpus: int) -> None:
    used = own("gcp.grafana-oss", volumes(editors=0, viewers=users))
    assert used["gcp.run.instance-cpu"] == pytest.approx(vcpus * SECONDS)
    assert used["gcp.run.instance-memory"] == pytest.approx(vcpus * SECONDS * 2**30)
    assert used[GCP.egress_meter] == pytest.approx(12 * 8 * DAYS * 100_000)


@pytest.mark.parametrize(("users", "small", "medium"), [(0, 730, 0), (50, 730, 0), (51, 0, 730), (100, 0, 730)])
def test_grafana_machine_grows_with_its_users(users: int, small: float, medium: float) -> None:
    v = volumes(editors=0, viewers=users)
    assert fits("gcp.grafana-oss-vm", v)
    assert own("gcp.grafana-oss-vm", v) == {
        "gcp.compute.e2-small-hours": small,
        "gcp.compute.e2-medium-hours": medium,
        "gcp.compute.pd-balanced": 10 * 2**30,
        "gcp.compute.external-ip-hours": 730,
        "gcp.egress.compute-premium": pytest.approx(12 * 8 * DAYS * 100_000),
    }


def test_grafana_machine_has_a_largest_size() -> None:
    assert not fits("gcp.grafana-oss-vm", volumes(editors=1, viewers=100))
