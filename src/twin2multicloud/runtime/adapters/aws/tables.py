"""The few things our adapters do with a DynamoDB table, in DynamoDB's own notation of values ({"S": "text"})."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.clients import AwsError, Clients, answer_of, calling, code_of
from twin2multicloud.runtime.failures import StoreError

Item = dict[str, dict[str, Any]]

_WRITES_PER_CALL: Final = 25
_READS_PER_CALL: Final = 100
_ATTEMPTS: Final = 8


class Table:
    """A table with a partition key and a sort key, both text. `consistent`: reads see every acknowledged write."""

    def __init__(self, clients: Clients, name: str, *, keys: tuple[str, str], consistent: bool) -> None:
        self.name = name
        self.keys = keys
        self._clients = clients
        self._consistent = consistent

    @property
    def _api(self) -> Any:
        return self._clients.get("dynamodb")

    def key(self, partition: str, sort: str) -> Item:
        """The key of an item."""
        return {self.keys[0]: {"S": partition}, self.keys[1]: {"S": sort}}

    def insert(
        self, item: Item, condition: str = "", values: Item | None = None, names: Mapping[str, str] | None = None
    ) -> Item | None:
        """Put an item if the condition holds (default: if there is none); else the item that is there already."""
        optional: dict[str, Any] = {}
        if values:
            optional["ExpressionAttributeValues"] = values
        if names:
            optional["ExpressionAttributeNames"] = names
        with calling(f"writing to table {self.name}"):
            try:
                self._api.put_item(
                    TableName=self.name,
                    Item=item,
                    ConditionExpression=condition or f"attribute_not_exists({self.keys[0]})",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **optional,
                )
            except AwsError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return dict(answer_of(error).get("Item") or {})
        return None

    def get(self, partition: str, sort: str) -> Item | None:
        """One item."""
        with calling(f"reading table {self.name}"):
            answer = self._api.get_item(
                TableName=self.name, Key=self.key(partition, sort), ConsistentRead=self._consistent
            )
        found: Item | None = answer.get("Item")
        return found

    def get_many(self, keys: Sequence[Item], *, attributes: str = "", consistent: bool | None = None) -> list[Item]:
        """The items that exist, in no order, a hundred a request."""
        found: list[Item] = []
        for start in range(0, len(keys), _READS_PER_CALL):
            wanted: dict[str, Any] = {
                "Keys": keys[start : start + _READS_PER_CALL],
                "ConsistentRead": self._consistent if consistent is None else consistent,
                **({"ProjectionExpression": attributes} if attributes else {}),
            }
            request = {self.name: wanted}
            for attempt in range(_ATTEMPTS):
                with calling(f"reading table {self.name}"):
                    answer = self._api.batch_get_item(RequestItems=request)
                found += answer.get("Responses", {}).get(self.name, [])
                request = answer.get("UnprocessedKeys", {})
                if not request:
                    break
                self._clients.pause(attempt + 1)
            else:
                raise StoreError(f"reading table {self.name}: throttled; raise its read capacity", quota=True)
        return found

    def write_many(self, requests: Iterable[dict[str, Any]]) -> None:
        """Puts and deletes without conditions, 25 a request; what the service leaves over is sent again."""
        requests = list(requests)
        for start in range(0, len(requests), _WRITES_PER_CALL):
            pending = {self.name: requests[start : start + _WRITES_PER_CALL]}
            for attempt in range(_ATTEMPTS):
                with calling(f"writing to table {self.name}"):
                    pending = self._api.batch_write_item(RequestItems=pending).get("UnprocessedItems", {})
                if not pending:
                    break
                self._clients.pause(attempt + 1)
            else:
                raise StoreError(f"writing to table {self.name}: throttled; raise its write capacity", quota=True)

    def delete_many(self, keys: Iterable[tuple[str, str]]) -> None:
        """Remove items by (partition, sort); those that are not there are no error."""
        self.write_many({"DeleteRequest": {"Key": self.key(*key)}} for key in dict.fromkeys(keys))

    def query(
        self,
        partition: str,
        condition: str = "",
        values: Mapping[str, str] | None = None,
        *,
        limit: int | None = None,
        forward: bool = True,
        attributes: str = "",
    ) -> Iterator[Item]:
        """Items of a partition by sort key, page after page. `condition` names texts of `values` as `:name`."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": f"{self.keys[0]} = :partition" + (f" AND {condition}" if condition else ""),
            "ExpressionAttributeValues": {
                ":partition": {"S": partition},
                **{name: {"S": text} for name, text in (values or {}).items()},
            },
            "ScanIndexForward": forward,
            "ConsistentRead": self._consistent,
        }
        if attributes:
            request["ProjectionExpression"] = attributes
        left = limit
        while left is None or left > 0:
            if left is not None:
                request["Limit"] = left
            with calling(f"reading table {self.name}"):
                answer = self._api.query(**request)
            items = answer.get("Items", [])
            yield from items
            if left is not None:
                left -= len(items)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
