"""One Cosmos DB container as the adapters use it: items by partition and id, conditional writes, bounded queries."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from azure.core import MatchConditions
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from twin2multicloud.runtime.adapters.azure.calls import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, calling
from twin2multicloud.runtime.failures import StoreError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

Item = dict[str, Any]

_NOT_FOUND, _CONFLICT, _FAILED = 404, 409, 412
_PARTITION_FULL: Final = 1014
_NO_CONTAINER: Final = 1003


class Account:
    """An account's client, made at its first use since that already asks the service."""

    def __init__(self, endpoint: str, credential: TokenCredential | str, **options: Any) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._options = options
        self._lock = threading.Lock()
        self._client: CosmosClient | None = None

    @property
    def client(self) -> CosmosClient:
        """The client; a `StoreError` if the account can not be reached."""
        with self._lock:
            if self._client is None:
                with calling("connect to Cosmos DB"):
                    self._client = CosmosClient(
                        self._endpoint,
                        self._credential,
                        connection_timeout=CONNECT_TIMEOUT_S,
                        read_timeout=READ_TIMEOUT_S,
                        retry_total=1,
                        retry_connect=2,
                        retry_read=1,
                        retry_status=0,
                        retry_backoff_max=1,
                        # Throttling lasts for milliseconds as a rule; longer waits are left to the caller's queue.
                        retry_throttle_total=3,
                        retry_fixed_interval=100,
                        **self._options,
                    )
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


class Container:
    """Items of one container. Its partition key is the property `partition` of each item."""

    def __init__(self, account: Account, database: str, name: str, partition: str) -> None:
        self._account = account
        self._path = (database, name)
        self._partition = partition

    @property
    def _items(self) -> Any:
        database, name = self._path
        return self._account.client.get_database_client(database).get_container_client(name)

    def create(self, item: Mapping[str, Any]) -> bool:
        """Write an item unless its id is taken; whether it was written."""
        with self._calling("create"):
            try:
                self._items.create_item(dict(item), no_response=True)
            except CosmosHttpResponseError as error:
                if error.status_code != _CONFLICT:
                    raise
                return False
        return True

    def put(self, item: Mapping[str, Any]) -> None:
        """Write an item, in the place of one with its id if there is one."""
        with self._calling("write"):
            self._items.upsert_item(dict(item), no_response=True)

    def read(self, partition: str, item_id: str) -> Item | None:
        """An item, with its `_etag`."""
        with self._calling("read"):
            try:
                return dict(self._items.read_item(item_id, partition_key=partition))
            except CosmosHttpResponseError as error:
                if error.status_code != _NOT_FOUND or error.sub_status == _NO_CONTAINER:
                    raise
                return None

    def replace(self, item: Mapping[str, Any], etag: str) -> str | None:
        """Write an item in the place of the one with this etag; None if there is another, or none, by now.

        Otherwise its new etag, "" where the service does not say.
        """
        with self._calling("replace"):
            try:
                written = self._items.replace_item(
                    item["id"],
                    dict(item),
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                    no_response=True,
                )
            except CosmosHttpResponseError as error:
                if error.status_code not in (_NOT_FOUND, _FAILED):
                    raise
                return None
        return str(written.get_response_headers().get("etag", ""))

    def delete(self, partition: str, item_id: str) -> None:
        """Remove an item; one that is not there is no error."""
        with self._calling("delete"):
            try:
                self._items.delete_item(item_id, partition_key=partition)
            except CosmosHttpResponseError as error:
                if error.status_code != _NOT_FOUND or error.sub_status == _NO_CONTAINER:
                    raise

    def query(self, sql: str, parameters: Mapping[str, Any], partition: str | None = None) -> Iterator[Any]:
        """A query's results, page by page as they are taken; over all partitions if none is named."""
        where: dict[str, Any] = {"enable_cross_partition_query": True}
        if partition is not None:
            where = {"partition_key": partition}
        with self._calling("query"):
            yield from self._items.query_items(
                sql,
                parameters=[{"name": f"@{name}", "value": value} for name, value in parameters.items()],
                max_item_count=1000,
                **where,
            )

    @contextmanager
    def _calling(self, verb: str) -> Iterator[None]:
        with calling(f"{verb} in {self._path[1]}"):
            try:
                yield
            except CosmosHttpResponseError as error:
                if error.status_code == 403 and error.sub_status == _PARTITION_FULL:
                    what = f"{verb} in {self._path[1]}: a {self._partition}'s 20 GB in one partition are full"
                    raise StoreError(what, quota=True) from error
                raise
