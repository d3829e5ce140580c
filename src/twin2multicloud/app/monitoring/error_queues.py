"""The error queues of the three clouds, pulled from: nothing has to be reachable from there, so this works behind NAT.

Each hands messages out for a while and again unless they are deleted, so a message may come twice. Importing an SDK
waits until a queue of its cloud is opened.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from twin2multicloud.app.errors import BackendError
from twin2multicloud.deployer.credentials.aws_sign_in import aws_session
from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

HIDDEN_S: Final = 60
"""How long a message that was handed out is kept from others: until then it must be deleted."""
_AT_ONCE: Final = {Provider.AWS: 10, Provider.AZURE: 32, Provider.GCP: 100}
_TIMEOUT_S: Final = 5.0
"""Whoever does not answer is asked again a moment later; until then a server that ends would wait for it."""


class QueueError(BackendError):
    """A queue cannot be read now, or nobody can sign in there. The text names no secret."""

    name = "queue"


@dataclass(frozen=True)
class Message:
    """What a queue hands out, and what it is deleted by."""

    body: bytes
    receipt: Any


class ErrorQueue(Protocol):
    """A queue. Raises `QueueError`. Threads may share it."""

    def receive(self) -> Sequence[Message]:
        """What is there now, at most what comes in one answer."""
        ...

    def delete(self, messages: Sequence[Message]) -> None:
        """Have them not come again. Some that cannot be deleted come again, which is no error."""
        ...


class SqsQueue:
    """SQS. `client` is boto3's."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def receive(self) -> Sequence[Message]:
        """As `ErrorQueue.receive`."""
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=_AT_ONCE[Provider.AWS], VisibilityTimeout=HIDDEN_S
            )
        except (BotoCoreError, ClientError) as error:
            raise _unread(error) from error
        return [Message(each["Body"].encode(), each["ReceiptHandle"]) for each in answer.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> None:
        """As `ErrorQueue.delete`."""
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(messages)]
        try:
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise _unread(error) from error


class StorageQueue:
    """An Azure Storage queue, which Event Grid writes base64 to. `client` is a `QueueClient`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def receive(self) -> Sequence[Message]:
        """As `ErrorQueue.receive`."""
        from azure.core.exceptions import AzureError

        most = _AT_ONCE[Provider.AZURE]
        try:
            found = list(
                self._client.receive_messages(messages_per_page=most, max_messages=most, visibility_timeout=HIDDEN_S)
            )
        except AzureError as error:
            raise _unread(error) from error
        return [Message(_decoded(each.content), each) for each in found]

    def delete(self, messages: Sequence[Message]) -> None:
        """As `ErrorQueue.delete`."""
        from azure.core.exceptions import AzureError, ResourceNotFoundError

        for each in messages:
            try:
                self._client.delete_message(each.receipt)
            except ResourceNotFoundError:
                continue  # it was handed out again, or is gone
            except AzureError as error:
                raise _unread(error) from error


class PubSubQueue:
    """A Pub/Sub subscription. `client` is the generated `SubscriberClient`."""

    def __init__(self, client: Any, subscription: str) -> None:
        self._client = client
        self._subscription = subscription

    def receive(self) -> Sequence[Message]:
        """As `ErrorQueue.receive`. Pub/Sub lets a pull wait for messages: none within some seconds is none."""
        from google.api_core.exceptions import DeadlineExceeded, GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        request = {"subscription": self._subscription, "max_messages": _AT_ONCE[Provider.GCP]}
        try:
            answer = self._client.pull(request, timeout=3.0, retry=None)
        except DeadlineExceeded:
            return []
        except (GoogleAPIError, GoogleAuthError) as error:
            raise _unread(error) from error
        return [Message(each.message.data, each.ack_id) for each in answer.received_messages]

    def delete(self, messages: Sequence[Message]) -> None:
        """As `ErrorQueue.delete`."""
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        ids = [each.receipt for each in messages]
        try:
            self._client.acknowledge({"subscription": self._subscription, "ack_ids": ids}, timeout=_TIMEOUT_S)
        except (GoogleAPIError, GoogleAuthError) as error:
            raise _unread(error) from error


def opened(provider: Provider, region: str, output: Any, environ: Mapping[str, str]) -> ErrorQueue:
    """The queue that a foundation's output `errors_queue` names, signed in as `environ` says. `QueueError` where what
    speaks to that cloud is not installed, or nobody can sign in.
    """
    try:
        if provider is Provider.AWS:
            return SqsQueue(_sqs(region, environ), str(output["url"]))
        sign_in = SignIn(environ)
        if provider is Provider.AZURE:
            from azure.storage.queue import QueueClient

            credential = sign_in.azure
            return StorageQueue(
                QueueClient.from_queue_url(
                    str(output), credential, retry_total=0, connection_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S
                )
            )
        from twin2multicloud.runtime.adapters.gcp.clients import Clients

        project = str(output).split("/")[1]
        return PubSubQueue(Clients(project, environ, credentials=sign_in.google).subscriber, str(output))
    except ImportError as error:
        raise QueueError(
            f"{error.name} is not installed on the server, which reads errors at {provider.label}; "
            f"pip install 'twin2multicloud[{provider.value}]'"
        ) from error
    except (UsageError, ValueError, LookupError) as error:
        raise QueueError(f"nobody can sign in at {provider.label}: {error}") from error


def _sqs(region: str, environ: Mapping[str, str]) -> Any:
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError

    options = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 1})
    try:
        session = aws_session(environ, region)
        return session.client("sqs", config=options, endpoint_url=environ.get("AWS_ENDPOINT_URL_SQS"))
    except BotoCoreError as error:
        raise QueueError(f"nobody can sign in at AWS ({type(error).__name__})") from error


def _decoded(content: Any) -> bytes:
    """What Event Grid wrote: base64, or text where somebody else wrote."""
    raw = content if isinstance(content, bytes) else str(content).encode()
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        return raw


def _unread(error: Exception) -> QueueError:
    """Errors of SDKs quote requests, which hold signatures: their kind has to do."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "error_code", None)
    return QueueError(f"its error queue cannot be read ({code or type(error).__name__})")
