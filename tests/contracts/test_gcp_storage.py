"""The object store on Cloud Storage, over gcp-storage-emulator with our repairs (`standins/gcp/gcs.py`)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.base import unique
from tests.contracts.object_store import ObjectStoreContract
from twin2multicloud.runtime.adapters.gcp.objects import CloudStorageObjects
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError

pytest_plugins = ["tests.standins.gcp.fixtures"]


@pytest.fixture(scope="module")
def bucket(storage_client: Any) -> str:
    name = f"cool-{uuid.uuid4().hex[:8]}"
    storage_client.create_bucket(name)
    return name


class TestObjects(ObjectStoreContract):
    @pytest.fixture
    def open_store(self, storage_client: Any, bucket: str, patience: Patience) -> Callable[[], CloudStorageObjects]:
        return lambda: CloudStorageObjects(storage_client, bucket, patience)

    def test_classes_are_the_services(self, storage_client: Any, bucket: str, patience: Patience) -> None:
        for cool_class in ("NEARLINE", "COLDLINE"):
            store = CloudStorageObjects(storage_client, bucket, patience, cool_class=cool_class)
            key = unique("class")
            store.create(key, b"x", {}, "cool")
            assert storage_client.bucket(bucket).get_blob(key).storage_class == cool_class
            store.set_class(key, "archive")
            assert storage_client.bucket(bucket).get_blob(key).storage_class == "ARCHIVE"
            assert store.get(key) == b"x"

    def test_unknown_classes_are_refused(self, storage_client: Any, bucket: str, patience: Patience) -> None:
        with pytest.raises(ValueError, match="ARCHIVE"):
            CloudStorageObjects(storage_client, bucket, patience, cool_class="ARCHIVE")
        store = CloudStorageObjects(storage_client, bucket, patience)
        with pytest.raises(RejectedError, match="frozen"):
            store.create(unique("class"), b"x", {}, "frozen")
