"""An always-on worker that pulls its messages (`gcp.run-worker`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.entry.gcp_push import Delivery
from twin2multicloud.runtime.entry.gcp_work import Again
from twin2multicloud.runtime.failures import RejectedError, StoreError

if TYPE_CHECKING:
    from google.pubsub_v1 import SubscriberClient

_LONGEST_WAIT_S: Final = 30.0
_MOST_SHORTER_S: Final = 600
"""The longest deadline that Pub/Sub grants."""


class Worker:
    """Pulls at most `most` messages at a time, has them handled, acknowledges what is done, gives the rest back.

    Handling must end within the subscription's acknowledgement deadline, else messages come twice (which is harmless).
    A pull waits `pull_s` seconds for messages, less than the ten that Cloud Run gives a worker that is to stop.
    """

    def __init__(
        self,
        client: SubscriberClient,
        subscription: str,
        work: Callable[[Sequence[Delivery]], Again],
        *,
        most: int,
        patience: Patience,
        log: Callable[[str], None],
        pull_s: float = 5.0,
    ) -> None:
        self._client = client
        self._subscription = subscription
        self._work = work
        self._most = most
        self._patience = patience
        self._log = log
        self._pull_s = pull_s
        self._stopping = threading.Event()
        self._failures = 0

    def stop(self) -> None:
        """End `run` after the batch under way."""
        self._stopping.set()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            try:
                self.once()
                self._failures = 0
            except (StoreError, RejectedError) as error:
                self._failures += 1
                self._log(f"worker: {error}")
                self._stopping.wait(min(0.2 * 2 ** min(self._failures, 10), _LONGEST_WAIT_S))

    def once(self) -> int:
        """One pull and what comes of it; how many messages it brought."""
        deliveries = self._pull()
        if not deliveries:
            return 0
        again = self._work(deliveries)
        failed = {delivery.token for delivery in again.deliveries}
        self._acknowledge([delivery.token for delivery in deliveries if delivery.token not in failed])
        if failed:
            self._give_back(list(failed), again.after_s)
        return len(deliveries)

    def _pull(self) -> list[Delivery]:
        from google.api_core.exceptions import DeadlineExceeded

        with calling(f"Pub/Sub {self._subscription}"):
            try:
                answer = self._client.pull(
                    {"subscription": self._subscription, "max_messages": self._most}, timeout=self._pull_s, retry=None
                )
            except DeadlineExceeded:  # nothing came
                return []
        return [_delivery(received) for received in answer.received_messages]

    def _acknowledge(self, tokens: list[str]) -> None:
        if tokens:
            with calling(f"Pub/Sub {self._subscription}"):
                request = {"subscription": self._subscription, "ack_ids": tokens}
                self._client.acknowledge(request, **self._patience.again())

    def _give_back(self, tokens: list[str], after_s: float | None) -> None:
        """They come again after the time asked for, without a time at once or as the subscription's policy says."""
        seconds = min(round(after_s or 0), _MOST_SHORTER_S)
        with calling(f"Pub/Sub {self._subscription}"):
            request = {"subscription": self._subscription, "ack_ids": tokens, "ack_deadline_seconds": seconds}
            self._client.modify_ack_deadline(request, **self._patience.again())


class _Alive(BaseHTTPRequestHandler):
    """Answers that it is there, whatever is asked."""

    def do_GET(self) -> None:
        """204."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing: a log entry for each look would be charged for."""


@contextmanager
def listening(port: int, address: str = "") -> Iterator[int]:
    """Listen on a port meanwhile (0: any that is free), of all addresses unless one is given; yields its number.

    Cloud Run takes a service for started once it listens on `PORT`, a worker too, which nobody ever calls.
    """
    with ThreadingHTTPServer((address, port), _Alive) as server:
        threading.Thread(target=server.serve_forever, name="alive", daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def _delivery(received: Any) -> Delivery:
    message = received.message
    return Delivery(
        message.message_id,
        message.data,
        dict(message.attributes),
        message.publish_time.timestamp(),
        received.delivery_attempt,
        received.ack_id,
    )
