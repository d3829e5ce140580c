"""What functions may do: what their words say, on what they are about, and no more."""

from __future__ import annotations

import pytest

from tests.deployer.gcp.bench import FAR, PROVISIONED, SERVERLESS, SITUATIONS, deployed, situation
from twin2multicloud.deployer.clouds.gcp.functions import functions_at
from twin2multicloud.deployer.clouds.gcp.grants import On, Resources, Right, rights_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot

PREFIX = "smart-building-k3x9f-europe-west1-"
DATABASE = "smart-building-k3x9f-europe-west1"
USER = ("roles/datastore.user", "database", DATABASE)
ERRORS = ("roles/pubsub.publisher", "topic", f"{PREFIX}errors")
LINKS = ("roles/secretmanager.secretAccessor", "secret", f"{PREFIX}links")


def rights(offers: tuple[str, ...], slot: Slot, component: str, **more: object) -> set[tuple[str, str, str]]:
    found = functions_at(deployed(offers, **more), slot).arguments[component]["rights"]  # type: ignore[arg-type]
    assert len(found) == len({tuple(right.values()) for right in found})
    return {(right["role"], right["on"], right["name"]) for right in found}


def test_processing_writes_documents_and_publishes_what_it_publishes() -> None:
    assert rights(SERVERLESS, Slot.PROCESSING, "process") == {
        USER,
        ERRORS,
        ("roles/pubsub.publisher", "topic", f"{PREFIX}alerts"),
        ("roles/pubsub.publisher", "topic", f"{PREFIX}actions"),
    }


def test_a_sender_reads_its_links_and_writes_dead_letters() -> None:
    found = rights(SERVERLESS, Slot.ACQUISITION, "telemetry-sender", regions=FAR)
    assert found == {USER, ERRORS, LINKS}


def test_the_mover_reads_and_deletes_records_and_creates_and_reads_objects() -> None:
    bucket = "smart-building-k3x9f-cool-europe-west1"
    assert rights(SERVERLESS, Slot.HOT, "to-cool-mover") == {
        USER,
        ERRORS,
        ("roles/storage.objectCreator", "bucket", bucket),
        ("roles/storage.objectViewer", "bucket", bucket),
    }


def test_a_mover_between_buckets_may_delete_and_gets_one_role_for_it() -> None:
    found = rights(SERVERLESS, Slot.COOL, "to-archive-mover", regions=FAR)
    prefix = PREFIX.replace("europe-west1", "us-central1")
    assert found == {
        ("roles/pubsub.publisher", "topic", f"{prefix}errors"),
        ("roles/secretmanager.secretAccessor", "secret", f"{prefix}links"),
        ("roles/storage.objectUser", "bucket", "smart-building-k3x9f-cool-us-central1"),
    }


def test_on_bigtable_a_reader_reads_one_table() -> None:
    table = ("roles/bigtable.reader", "table", "smart-building-k3x9f-hot/hot")
    assert table in rights(PROVISIONED, Slot.HOT, "history")
    assert ("roles/bigtable.user", *table[1:]) in rights(PROVISIONED, Slot.HOT, "to-cool-mover")
    assert table not in rights(PROVISIONED, Slot.HOT, "to-cool-mover")


def test_the_gateway_reads_what_keys_derive_from_and_publishes_telemetry() -> None:
    assert rights(SERVERLESS, Slot.ACQUISITION, "gateway") == {
        USER,
        ERRORS,
        ("roles/pubsub.publisher", "topic", f"{PREFIX}telemetry"),
        ("roles/secretmanager.secretAccessor", "secret", f"{PREFIX}device-keys"),
    }


def test_a_worker_pulls_its_own_subscription_only_where_that_is_its_own() -> None:
    """Next door the right is granted with the subscription, which is made after the worker."""
    near = rights(PROVISIONED, Slot.PROCESSING, "process")
    assert not any(on == "subscription" for _, on, _ in near)
    far = rights(PROVISIONED, Slot.PROCESSING, "process", regions=FAR)
    prefix = PREFIX.replace("europe-west1", "us-central1")
    assert ("roles/pubsub.subscriber", "subscription", f"{prefix}intake") in far


def test_a_moved_slot_publishes_to_topics_of_its_own() -> None:
    found = rights(SERVERLESS, Slot.PROCESSING, "process", generations={"L2": 3})
    assert ("roles/pubsub.publisher", "topic", f"{PREFIX}alerts-3") in found
    assert ERRORS in found


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_function_may_do_more_than_use_single_resources(name: str) -> None:
    deployment = situation(name)
    for slot in SLOTS:
        for argument in functions_at(deployment, slot).arguments.values():
            for right in argument["rights"]:
                assert right["role"].split("/")[0] == "roles"
                assert not right["role"].endswith(("admin", "Admin", "editor", "owner"))
                assert "k3x9f" in right["name"]
                assert "{" not in right["name"]


def test_what_a_wider_role_contains_is_left_out() -> None:
    resources = Resources(prefix="p-", database="d", cool="c")
    assert rights_of(("hot.read", "hot.write", "cool.read", "cool.write", "cool.delete"), resources) == (
        Right("roles/datastore.user", On.DATABASE, "d"),
        Right("roles/storage.objectUser", On.BUCKET, "c"),
    )
    assert rights_of(("hot.read", "cool.read"), resources) == (
        Right("roles/datastore.viewer", On.DATABASE, "d"),
        Right("roles/storage.objectViewer", On.BUCKET, "c"),
    )


def test_a_word_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'hot\.wipe'"):
        rights_of(("hot.wipe",), Resources(prefix="p-", database="d"))
