"""Copying from each cloud's adapter to the next one's, on the stand-ins: what comes back at last is what was there.

From a local store to AWS, on to Azure and Google Cloud, and back.
"""

from __future__ import annotations

import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from azure.storage.blob import ContainerClient

from tests.contracts.base import PAYLOADS, at, record, unique
from tests.standins.aws.places import shared_bucket, shared_table
from tests.standins.aws.server import ministack
from tests.standins.azure.emulators import Azurite
from twin2multicloud.moving.copying.base import Compared, Copier, Page, Patience
from twin2multicloud.moving.copying.graph import GraphCopier
from twin2multicloud.moving.copying.hot import HotCopier
from twin2multicloud.moving.copying.letters import LetterCopier
from twin2multicloud.moving.copying.objects import ObjectCopier
from twin2multicloud.moving.copying.states import StateCopier
from twin2multicloud.runtime.adapters.aws.hot import DynamoHotStore
from twin2multicloud.runtime.adapters.aws.objects import S3ObjectStore
from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph
from twin2multicloud.runtime.adapters.aws.state import STATE_KEYS, DynamoDeadLetters, DynamoRuleStates
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.adapters.azure.object_store import TIERS, BlobObjectStore
from twin2multicloud.runtime.adapters.gcp.graph import FirestoreGraph
from twin2multicloud.runtime.adapters.gcp.hot_firestore import FirestoreHotStore
from twin2multicloud.runtime.adapters.gcp.letters import FirestoreDeadLetters
from twin2multicloud.runtime.adapters.gcp.memory import FirestoreRuleStates
from twin2multicloud.runtime.adapters.gcp.objects import CloudStorageObjects
from twin2multicloud.runtime.adapters.gcp.patience import Patience as GcpPatience
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.handlers.archive import digest_of, pack
from twin2multicloud.runtime.ports import DeadLetter, EntityState, Relation, RuleState, Update

pytestmark = pytest.mark.slow
pytest_plugins = ("tests.standins.azure.fixtures", "tests.standins.gcp.fixtures")

T = TypeVar("T")
Open = Callable[[], AzurePorts]
NOW = Patience(0.0, lambda _seconds: None, lambda: 0.0)
"""Stand-ins answer at once, or not at all."""


def along(stores: Sequence[T], copier_of: Callable[[T, T], Copier]) -> Iterator[tuple[list[Page], Compared]]:
    """Copy from each store to the next, and compare."""
    for source, target in itertools.pairwise(stores):
        pages = list(copier_of(source, target).bulk())
        compared = list(copier_of(source, target).compare())[-1]
        assert compared.exact, compared.named
        assert compared.late == 0
        yield pages, compared


@contextmanager
def two(make: Callable[[Path], Any], directory: Path) -> Iterator[tuple[Any, Any]]:
    """Two local stores: where all begins, and where it ends."""
    (directory / "first").mkdir()
    (directory / "last").mkdir()
    with closing(make(directory / "first")) as first, closing(make(directory / "last")) as last:
        yield first, last


def test_records(tmp_path: Path, own_cosmos_ports: Open, firestore_client: Any, patience: GcpPatience) -> None:
    twin = unique("twin")
    devices = [f"{twin}-{n}" for n in range(len(PAYLOADS))]
    events = [
        record(device, at(n / 7), data=payload)
        for device, payload in zip(devices, PAYLOADS.values(), strict=True)
        for n in range(7)
    ]
    with two(lambda d: LocalHotStore(d / "hot.db"), tmp_path) as (first, last):
        first.put(events)
        clouds = [
            DynamoHotStore(ministack().clients, shared_table("hot", ("device", "t")), twin, consistent=True),
            own_cosmos_ports().hot,
            FirestoreHotStore(firestore_client, f"{twin}-hot", patience),
        ]
        for pages, compared in along([first, *clouds, last], lambda a, b: HotCopier(a, b, devices, NOW, page=3)):
            assert sum(page.items for page in pages) == compared.items == len(events)
        assert last.between(devices, at(0), at(3599)) == first.between(devices, at(0), at(3599))


def test_objects(tmp_path: Path, azurite: Azurite, storage_client: Any, patience: GcpPatience) -> None:
    bucket = f"moved-{uuid.uuid4().hex[:8]}"
    storage_client.create_bucket(bucket)
    with (
        ContainerClient.from_connection_string(azurite.connection_string, bucket) as container,
        two(LocalObjectStore, tmp_path) as (first, last),
    ):
        container.create_container()
        for hour in range(5):
            body = pack([record("d", at(hour), data=payload) for payload in PAYLOADS.values()])
            metadata = {"count": "5", "digest": digest_of(body), "window_end": at(3600 - hour)}
            first.create(f"2026-11-25T{hour:02}0000/shard-0/part-0.ndjson.gz", body, metadata, "cool")
        first.create("elsewhere", b"x", {}, "archive")
        clouds = [
            S3ObjectStore(ministack().clients, shared_bucket("objects"), prefix=f"{bucket}/"),
            BlobObjectStore(container, TIERS),
            CloudStorageObjects(storage_client, bucket, patience),
        ]

        def copier(source: Any, target: Any) -> Copier:
            return ObjectCopier(source, target, "cool", NOW, page=2)

        for pages, compared in along([first, *clouds, last], copier):
            assert len(pages) == compared.items == 5
        found = last.list("")
        assert found == [stored for stored in first.list("") if stored.storage_class == "cool"]
        assert [last.get(stored.key) for stored in found] == [first.get(stored.key) for stored in found]


def test_twins(tmp_path: Path, own_cosmos_ports: Open, firestore_client: Any, patience: GcpPatience) -> None:
    twin = unique("twin")
    id = "dtmi:t2m:moved;1"
    model = {"@id": id, "@type": "Interface", "@context": "dtmi:dtdl:context;3", "contents": []}
    names = [f"{twin}-room-{n}" for n in range(4)]
    rooms = [EntityState(name, id, {"static": n, "name": "ä"}, {}) for n, name in enumerate(names)]
    with two(lambda d: LocalTwinGraph(d / "graph.db"), tmp_path) as (first, last):
        first.define([model])
        first.put_entities(rooms)
        first.relate([Relation(names[0], "next", name) for name in names[1:]])
        for n in range(3):
            first.update([Update(names[n], {"temperature": 20.5 + n, f"only-{n}": n}, at(n))])
        first.update([Update(names[0], {"temperature": 19.0}, at(9))])
        clouds = [
            DynamoTwinGraph(ministack().clients, shared_table(f"graph-{twin}", ("k", "s")), consistent=True),
            own_cosmos_ports().graph,
            FirestoreGraph(firestore_client, f"{twin}-", patience, time.sleep, random.random, time.monotonic),
        ]
        for _, compared in along([first, *clouds, last], lambda a, b: GraphCopier(a, b, [model], NOW, page=3)):
            assert compared.items == 4 + 3
        assert last.entities() == first.entities()
        assert last.relations(names[0]) == first.relations(names[0])


def test_letters_and_states(
    tmp_path: Path, own_cosmos_ports: Open, firestore_client: Any, patience: GcpPatience
) -> None:
    twin = unique("twin")
    letters = [DeadLetter(f"{twin}-{n}", "intake", "bad", bytes(range(256)) * n, at(n), "d") for n in range(1, 8)]
    keys = [(f"{twin}-rule", f"d{n}") for n in range(5)]
    states = {key: RuleState(at(1), n % 2 == 0, at(2), 1) for n, key in enumerate(keys)}
    table = shared_table(f"state-{twin}", STATE_KEYS)
    with two(lambda d: LocalDeadLetters(d / "letters.db"), tmp_path) as (first, last):
        first.put(letters)
        clouds: list[Any] = [
            DynamoDeadLetters(ministack().clients, table),
            own_cosmos_ports().dead_letters,
            FirestoreDeadLetters(firestore_client, f"{twin}-letters", patience),
        ]
        for _, compared in along([first, *clouds, last], lambda a, b: LetterCopier(a, b, NOW, page=3)):
            assert compared.items == 7
        assert last.list() == letters
    (tmp_path / "states").mkdir()
    with two(lambda d: LocalRuleStates(d / "states.db"), tmp_path / "states") as (first, last):
        first.save(states)
        first.save({keys[0]: RuleState("", False, at(3), 2)})
        clouds = [
            DynamoRuleStates(ministack().clients, table),
            own_cosmos_ports().rule_states,
            FirestoreRuleStates(firestore_client, f"{twin}-states", patience),
        ]
        for _, compared in along([first, *clouds, last], lambda a, b: StateCopier(a, b, keys, NOW, page=2)):
            assert compared.items == 5
        found = last.load(keys)
        assert {key: (s.since, s.fired, s.seen) for key, s in found.items()} == {
            key: (s.since, s.fired, s.seen) for key, s in first.load(keys).items()
        }
