"""What devices sent, put back from the dead letters, is read by each cloud's functions as when it came first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher
from twin2multicloud.runtime.adapters.azure.publisher import AzurePublisher
from twin2multicloud.runtime.adapters.azure.queue_messages import messages_of
from twin2multicloud.runtime.entry.aws_events import message_of
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import RejectedError

RAW = RawMessage("sensor-1", '{"temperature": "wärm"}'.encode(), 1_764_144_000.25, "result")
STREAM = "arn:aws:kinesis:eu-central-1:123456789012:stream/intake"


class FakeAws:
    """SQS and Kinesis that keep what they are sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.keys: list[str] = []

    def get(self, _service: str) -> Any:
        return self

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:
        self.bodies += [each["MessageBody"].encode() for each in Entries]
        return {}

    def put_records(self, *, StreamARN: str, Records: list[Any]) -> Any:
        self.bodies += [each["Data"] for each in Records]
        self.keys += [each["PartitionKey"] for each in Records]
        return {"Records": [{} for _ in Records]}


@pytest.mark.parametrize("address", ["https://sqs.eu-central-1.amazonaws.com/1/intake", STREAM])
def test_on_aws(address: str) -> None:
    fake: Any = FakeAws()
    AwsPublisher(fake, {"intake": address}).publish_raw("intake", [RAW])
    assert [message_of(body) for body in fake.bodies] == [RAW]
    assert fake.keys == ([RAW.device] if address == STREAM else [])


def test_on_azure() -> None:
    sent: list[bytes] = []
    queue = SimpleNamespace(send_message=lambda body, **_: sent.append(body))
    overflow: Any = None
    publisher = AzurePublisher(lambda _name: queue, {}, overflow)  # type: ignore[arg-type, return-value]
    publisher.publish_raw("intake", [RAW])
    assert [messages_of(body, overflow) for body in sent] == [[RAW]]
    with pytest.raises(RejectedError, match="a message of big"):
        publisher.publish_raw("intake", [RawMessage("big", b"x" * 50_000, 1.0)])
