"""Event Grid custom topics: one POST of CloudEvents, by azure-core's pipeline.

Why not azure-eventgrid's client: it writes times anew without their trailing zeros, so that their text order is no
longer time order, and it drops the limits on time and retries that it is given. The request is the one it sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from azure.core import PipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import (
    AzureKeyCredentialPolicy,
    BearerTokenCredentialPolicy,
    RequestIdPolicy,
    RetryPolicy,
)
from azure.core.rest import HttpRequest

from twin2multicloud.runtime.adapters.azure.calls import LIMITS, calling
from twin2multicloud.runtime.envelope import CONTENT_TYPE, Event, encode
from twin2multicloud.runtime.failures import RejectedError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

API_VERSION: Final = "2018-01-01"
MOST_BYTES: Final = 900_000
"""Event Grid takes requests, and single events, of up to 1 MB."""

_SCOPE: Final = "https://eventgrid.azure.net/.default"


class Topic:
    """One topic, by its endpoint as https://NAME.REGION.eventgrid.azure.net/api/events."""

    def __init__(self, endpoint: str, credential: TokenCredential | AzureKeyCredential, **options: Any) -> None:
        signing = (
            AzureKeyCredentialPolicy(credential, "aeg-sas-key")
            if isinstance(credential, AzureKeyCredential)
            else BearerTokenCredentialPolicy(credential, _SCOPE)
        )
        limits = {**LIMITS, **options}
        self._endpoint = endpoint
        self._client: PipelineClient[Any, Any] = PipelineClient(
            endpoint, policies=[RequestIdPolicy(), RetryPolicy(**limits), signing], **limits
        )

    def send(self, events: Sequence[Event]) -> None:
        """Publish events, in as few requests as the service takes."""
        for content in _requests(events):
            with calling("publish to a topic"):
                request = HttpRequest(
                    "POST",
                    self._endpoint,
                    params={"api-version": API_VERSION},
                    headers={"content-type": f"{CONTENT_TYPE}; charset=utf-8"},
                    content=content,
                )
                response = self._client.send_request(request)
                if response.status_code != 200:
                    raise HttpResponseError(response=response)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _requests(events: Sequence[Event]) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 2
    for event in events:
        one = encode(event)
        if len(one) + 2 > MOST_BYTES:
            raise RejectedError(f"event {event.id} has {len(one)} bytes; a topic takes {MOST_BYTES}")
        if batch and size + len(one) + 1 > MOST_BYTES:
            yield b"[" + b",".join(batch) + b"]"
            batch, size = [], 2
        batch.append(one)
        size += len(one) + 1
    if batch:
        yield b"[" + b",".join(batch) + b"]"
