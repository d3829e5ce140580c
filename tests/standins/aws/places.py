"""Tables, buckets, queues and topics as the deployer will make them, on whatever speaks AWS's protocols."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from tests.standins.aws.server import REGION, ministack
from twin2multicloud.runtime.adapters.aws.clients import Clients

ACCOUNT = "000000000000"


def name(what: str) -> str:
    """A name that nothing else has."""
    return f"{what}-{uuid.uuid4().hex[:10]}"


def table(clients: Clients, what: str, keys: tuple[str, str]) -> str:
    """A table with text keys, and `expires` as its time to live."""
    api, called = clients.get("dynamodb"), name(what)
    api.create_table(
        TableName=called,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": keys[0], "KeyType": "HASH"},
            {"AttributeName": keys[1], "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
    )
    api.update_time_to_live(TableName=called, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    return called


def bucket(clients: Clients, what: str) -> str:
    """A bucket in our region."""
    called = name(what)
    clients.get("s3").create_bucket(Bucket=called, CreateBucketConfiguration={"LocationConstraint": REGION})
    return called


def queue(clients: Clients, what: str, **attributes: str) -> str:
    """A queue's URL."""
    url: str = clients.get("sqs").create_queue(QueueName=name(what), Attributes=attributes)["QueueUrl"]
    return url


def queue_arn(clients: Clients, url: str) -> str:
    """A queue's ARN."""
    arn: str = clients.get("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return arn


def topic_to(clients: Clients, what: str, queue_url: str) -> str:
    """A topic's ARN, whose messages go to a queue as they are."""
    api = clients.get("sns")
    arn: str = api.create_topic(Name=name(what))["TopicArn"]
    api.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=queue_arn(clients, queue_url),
        Attributes={"RawMessageDelivery": "true"},
    )
    return arn


def stream(clients: Clients, what: str) -> str:
    """A stream's ARN."""
    api, called = clients.get("kinesis"), name(what)
    api.create_stream(StreamName=called, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    api.get_waiter("stream_exists").wait(StreamName=called, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    arn: str = api.describe_stream_summary(StreamName=called)["StreamDescriptionSummary"]["StreamARN"]
    return arn


def drain(clients: Clients, url: str) -> list[str]:
    """The bodies waiting in a queue, taken out of it."""
    api, found = clients.get("sqs"), []
    while messages := api.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        api.delete_message_batch(QueueUrl=url, Entries=entries)
    return found


@functools.cache
def shared_table(what: str, keys: tuple[str, str]) -> str:
    """One table of the kind for all tests of this process."""
    return table(ministack().clients, what, keys)


@functools.cache
def shared_bucket(what: str) -> str:
    """One bucket of the kind for all tests of this process."""
    return bucket(ministack().clients, what)


def all_messages(api: Any, arn: str) -> list[bytes]:
    """Everything in a stream, oldest first."""
    found: list[bytes] = []
    for shard in api.list_shards(StreamARN=arn)["Shards"]:
        cursor = api.get_shard_iterator(StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        while cursor:
            answer = api.get_records(ShardIterator=cursor)
            found += [bytes(record["Data"]) for record in answer["Records"]]
            if not answer["Records"]:
                break
            cursor = answer.get("NextShardIterator")
    return found
