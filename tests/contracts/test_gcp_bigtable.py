"""The hot store on Bigtable, over Google's own emulator."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.bigtable_admin_v2 import BigtableTableAdminClient
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport
from google.cloud.bigtable_admin_v2.types import ColumnFamily, Table

from tests.contracts.base import at, record, unique
from tests.contracts.hot_store import HotStoreContract
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.hot_bigtable import FAMILY, BigtableHotStore
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError

pytest_plugins = ["tests.standins.gcp.fixtures"]


@pytest.fixture(scope="module")
def table(bigtable_host: str) -> str:
    admin = BigtableTableAdminClient(
        transport=BigtableTableAdminGrpcTransport(channel=grpc.insecure_channel(bigtable_host))
    )
    instance, name = f"projects/{PROJECT}/instances/twin", f"hot-{uuid.uuid4().hex[:8]}"
    admin.create_table(parent=instance, table_id=name, table=Table(column_families={FAMILY: ColumnFamily()}))
    return f"{instance}/tables/{name}"


class TestHotStore(HotStoreContract):
    @pytest.fixture
    def open_store(self, bigtable_host: str, table: str, patience: Patience) -> Callable[[], BigtableHotStore]:
        client = Clients(PROJECT, {"BIGTABLE_EMULATOR_HOST": bigtable_host}).bigtable
        return lambda: BigtableHotStore(client, table, patience)

    def test_more_records_than_a_request_takes(self, store: BigtableHotStore) -> None:
        device = unique("bulk")
        events = [record(device, at(n / 10)) for n in range(1200)]
        store.put(events[500:700])
        store.put(events)
        assert [event.id for event in store.between([device], at(0), at(3599))] == [event.id for event in events]
        assert [e.id for e in store.history(device, at(0), at(3599), 3)] == [e.id for e in events[:-4:-1]]
        store.delete(events)
        assert store.last(device) is None

    def test_a_key_that_is_too_long_is_rejected(self, store: BigtableHotStore) -> None:
        with pytest.raises(RejectedError, match="4096"):
            store.put([record("d" * 5000, at(1))])
