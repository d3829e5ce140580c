"""What AWS's failures mean to the handlers: throttling, outages, wrong credentials, lost answers, partial batches."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.contracts.base import at, record, unique
from tests.standins.aws.places import bucket, queue, table
from tests.standins.aws.server import REGION, EndpointSession, ministack
from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.commands import IotCommands
from twin2multicloud.runtime.adapters.aws.hot import DynamoHotStore
from twin2multicloud.runtime.adapters.aws.objects import S3ObjectStore
from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher
from twin2multicloud.runtime.adapters.aws.secret_store import SecretsManager
from twin2multicloud.runtime.adapters.aws.state import STATE_KEYS, DynamoNonces, DynamoRuleStates
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Command, RuleState

Reply = tuple[int, Mapping[str, str], Any]
"""Status, headers and JSON of an answer."""


@contextmanager
def service(*replies: Reply) -> Iterator[tuple[Clients, list[Any]]]:
    """A service that gives these answers one after the other, the last for ever; and the requests it got."""
    requests: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            requests.append(json.loads(body))
            status, headers, answer = replies[min(len(requests), len(replies)) - 1]
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield clients_of(f"http://127.0.0.1:{server.server_port}"), requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def clients_of(endpoint: str) -> Clients:
    """The adapters' clients of a service at this address; they do not wait and the SDK tries once."""
    session = EndpointSession(endpoint, aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return Clients(session=session, attempts=1, sleep=lambda _: None)


def refusal(code: str, status: int = 400, **headers: str) -> Reply:
    """A service's error."""
    return status, headers, {"__type": f"com.amazonaws#{code}", "message": "injected"}


@pytest.mark.parametrize(
    ("reply", "kind", "quota"),
    [
        (refusal("ProvisionedThroughputExceededException"), StoreError, True),
        (refusal("ThrottlingException"), StoreError, True),
        (refusal("RequestLimitExceeded"), StoreError, True),
        (refusal("InternalServerError", 500), StoreError, False),
        (refusal("ServiceUnavailable", 503), StoreError, False),
        (refusal("ResourceNotFoundException"), StoreError, False),
        (refusal("AccessDeniedException"), StoreError, False),
        (refusal("ValidationException"), RejectedError, None),
    ],
)
def test_errors_are_told_apart(reply: Reply, kind: type[Exception], quota: bool | None) -> None:
    with service(reply) as (clients, requests), pytest.raises(kind, match=r"table hot.*injected") as caught:
        DynamoHotStore(clients, "hot", "house").put([record("d", at(1))])
    assert len(requests) == 1
    assert getattr(caught.value, "quota", None) == quota


def test_what_the_service_asks_for_is_passed_on() -> None:
    reply = refusal("ThrottlingException", 429, **{"retry-after": "7"})
    with service(reply) as (clients, _), pytest.raises(StoreError) as caught:
        DynamoHotStore(clients, "hot", "house").last("d")
    assert caught.value.retry_after_s == 7.0


def test_a_service_that_cannot_be_reached_is_a_store_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        clients = clients_of(f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(StoreError, match="Could not connect"):
            DynamoHotStore(clients, "hot", "house").put([record("d", at(1))])


def test_what_a_batch_left_over_is_sent_again() -> None:
    def left(*numbers: int) -> Reply:
        keys = [{"device": {"S": "d"}, "t": {"S": f"{at(number)}#{number}"}} for number in numbers]
        return 200, {}, {"UnprocessedItems": {"hot": [{"DeleteRequest": {"Key": key}} for key in keys]} if keys else {}}

    events = [record("d", at(number), id=str(number)) for number in range(3)]
    with service(left(1, 2), left(2), left()) as (clients, requests):
        DynamoHotStore(clients, "hot", "house").delete(events)
    assert [len(request["RequestItems"]["hot"]) for request in requests] == [3, 2, 1]
    with service(left(1)) as (clients, requests), pytest.raises(StoreError, match="raise its write capacity") as caught:
        DynamoHotStore(clients, "hot", "house").delete(events)
    assert caught.value.quota
    assert 1 < len(requests) < 20


def test_messages_that_a_queue_did_not_take_are_sent_again() -> None:
    def answer(*failed: int, code: str = "InternalError", sender: bool = False) -> Reply:
        entries = [{"Id": str(n), "Code": code, "SenderFault": sender, "Message": "injected"} for n in failed]
        return 200, {"content-type": "application/x-amz-json-1.0"}, {"Successful": [], "Failed": entries}

    events = [record("d", at(number), id=str(number)) for number in range(3)]
    topics = {"intake": "https://sqs.eu-central-1.amazonaws.com/1/intake"}
    with service(answer(0, 2), answer(1), answer()) as (clients, requests):
        AwsPublisher(clients, topics).publish("intake", events)
    sent = [[json.loads(entry["MessageBody"])["id"] for entry in request["Entries"]] for request in requests]
    assert sent == [["0", "1", "2"], ["0", "2"], ["2"]]
    with service(answer(0)) as (clients, requests), pytest.raises(StoreError, match="InternalError"):
        AwsPublisher(clients, topics).publish("intake", events[:1])
    assert 1 < len(requests) < 20
    with service(answer(1, code="InvalidMessageContents", sender=True)) as (clients, requests):
        with pytest.raises(RejectedError, match="InvalidMessageContents"):
            AwsPublisher(clients, topics).publish("intake", events)
        assert len(requests) == 1


def test_records_that_a_stream_throttled_are_sent_again() -> None:
    def answer(*codes: str) -> Reply:
        records = [
            {"ErrorCode": code, "ErrorMessage": "injected"} if code else {"SequenceNumber": "1", "ShardId": "1"}
            for code in codes
        ]
        return 200, {}, {"FailedRecordCount": sum(map(bool, codes)), "Records": records}

    throttled = "ProvisionedThroughputExceededException"
    events = [record("d", at(number)) for number in range(2)]
    topics = {"intake": f"arn:aws:kinesis:{REGION}:1:stream/intake"}
    with service(answer("", throttled), answer("")) as (clients, requests):
        AwsPublisher(clients, topics).publish("intake", events)
    assert [len(request["Records"]) for request in requests] == [2, 1]
    with service(answer(throttled)) as (clients, _), pytest.raises(StoreError) as caught:
        AwsPublisher(clients, topics).publish("intake", events[:1])
    assert caught.value.quota


@pytest.mark.parametrize("use", ["nonce", "rule state"])
def test_a_writer_whose_answer_was_lost_does_not_lose_against_itself(use: str) -> None:
    """The SDK repeats a write whose answer did not come; the condition then fails on the writer's own item."""

    def write(clients: Clients, mark: str) -> bool:
        if use == "nonce":
            return DynamoNonces(clients, name, mark=lambda: mark).first_use("persist", "n" * 20, 2e9)
        change = {("rule", "device"): RuleState(fired=True, version=1)}
        return DynamoRuleStates(clients, name, mark=lambda: mark).save(change) == []

    clients = ministack().clients
    name = table(clients, "marks", STATE_KEYS)
    assert [write(clients, mark) for mark in ("a", "a", "b")] == [True, True, False]


def test_an_archived_object_must_be_restored_first() -> None:
    store = S3ObjectStore(ministack().clients, bucket(ministack().clients, "archive"))
    store.create("a", b"1", {}, "archive")
    with pytest.raises(StoreError, match="must be restored first"):
        store.get("a")
    assert not store.create("a", b"2", {}, "archive")


def test_a_service_without_conditional_writes_is_asked_first() -> None:
    store = S3ObjectStore(ministack().clients, bucket(ministack().clients, "plain"), conditional=False)
    assert store.create("a", b"1", {}, "standard")
    assert not store.create("a", b"2", {}, "standard")
    assert store.get("a") == b"1"


def test_a_secret_is_read_once_a_minute() -> None:
    now = 100.0
    clients = ministack().clients
    writer = SecretsManager(clients, "cached/")
    reader = SecretsManager(clients, "cached/", clock=lambda: now)
    name = unique("key")
    writer.put(name, "old")
    assert reader.get(name) == "old"
    writer.put(name, "new")
    now = 159.0
    assert reader.get(name) == "old"
    now = 160.0
    assert reader.get(name) == "new"


def test_records_expire_only_where_no_tier_follows() -> None:
    clients, api = ministack().clients, ministack().clients.get("dynamodb")
    name = table(clients, "hot", ("device", "t"))
    event = record("d", "2026-11-25T12:00:00.500000Z")
    DynamoHotStore(clients, name, "house").put([event])
    DynamoHotStore(clients, name, "house", expire_after_s=3600).put([record("d", "2026-11-25T12:00:00.500000Z")])
    expiries = [item.get("expires") for item in api.scan(TableName=name)["Items"]]
    assert sorted(map(str, expiries)) == ["None", "{'N': '1795611601'}"]


REFUSED: tuple[tuple[str, Callable[[Clients], object]], ...] = (
    ("DynamoDB", lambda clients: DynamoHotStore(clients, "hot", "house").put([record("d", at(1))])),
    ("S3", lambda clients: S3ObjectStore(clients, bucket_there()).create("a", b"1", {}, "cool")),
    ("SQS", lambda clients: AwsPublisher(clients, {"intake": queue_there()}).publish("intake", [record("d", at(1))])),
    ("Secrets Manager", lambda clients: SecretsManager(clients, "house/").put("links", "{}")),
    ("IoT", lambda clients: IotCommands(clients, "house").send([Command("1", "d", "restart")])),
)


def bucket_there() -> str:
    """A bucket of the account."""
    return bucket(ministack(auth=True).clients, "objects")


def queue_there() -> str:
    """A queue of the account."""
    return queue(ministack(auth=True).clients, "intake")


@pytest.mark.parametrize(("service_name", "use"), REFUSED, ids=[name for name, _ in REFUSED])
def test_wrong_credentials_are_refused(service_name: str, use: Callable[[Clients], object]) -> None:
    server = ministack(auth=True)
    iam = server.clients.get("iam")
    user = unique("user")
    iam.create_user(UserName=user)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    with pytest.raises(StoreError, match=r"AccessDenied|lacks this permission|not authorized|Forbidden"):
        use(server.clients_as(made["AccessKeyId"], made["SecretAccessKey"]))
    iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=json.dumps(allow))
    with pytest.raises(StoreError, match=r"SignatureDoesNotMatch|InvalidSignature|Forbidden"):
        use(server.clients_as(made["AccessKeyId"], "wrong" * 8))
    with pytest.raises(StoreError):
        use(server.clients_as("AKIAUNKNOWNUNKNOWN00", "wrong" * 8))
