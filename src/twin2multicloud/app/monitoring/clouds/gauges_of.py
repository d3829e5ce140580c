"""How each cloud tells of functions and queues, with rights that whoever deploys has anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from twin2multicloud.app.cost_sources.metrics import Metrics
from twin2multicloud.app.cost_sources.metrics import opened as opened_metrics
from twin2multicloud.app.monitoring.clouds.gauges import (
    MOST_COUNTED,
    Gauges,
    Readings,
    Waits,
    ask,
    last,
    query,
    rates,
    tried,
)
from twin2multicloud.app.monitoring.clouds.watched import Kind, Watched, WatchedFunction, WatchedQueue
from twin2multicloud.costing.clouds import Query
from twin2multicloud.deployer.credentials.aws_sign_in import aws_session
from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

_TIMEOUT_S: Final = 10.0


class AwsGauges:
    """CloudWatch and SQS. `sqs` is boto3's client."""

    def __init__(self, metrics: Metrics, sqs: Any) -> None:
        self._metrics = metrics
        self._sqs = sqs

    def read(self, watched: Watched, now: datetime) -> Readings:
        """As `Gauges.read`."""
        metrics = "cloudwatch:GetMetricData"
        found = Readings(
            rates(self._metrics, watched.functions, partial(self._function, "Errors"),
                  partial(self._function, "Invocations"), now, metrics)
        )  # fmt: skip
        asked: dict[WatchedQueue, int] = {}
        for queue in watched.queues:
            depth = 0 if _is_stream(queue) else self._depth(queue)
            if isinstance(depth, str):
                found.queues[queue] = depth
            elif depth or _is_stream(queue):
                asked[queue] = depth
            else:
                found.queues[queue] = Waits(0, 0.0)
        answers = ask(self._metrics, [_age_on_aws(queue) for queue in asked], now, metrics)
        for (queue, depth), answer in zip(asked.items(), answers, strict=True):
            if isinstance(answer, str):
                found.queues[queue] = answer
            else:  # without any point nobody waited for so long that a minute told of it
                found.queues[queue] = Waits(depth, (last(answer) or 0.0) / (1_000 if _is_stream(queue) else 1))
        for queue in watched.aside:
            found.aside[queue] = self._depth(queue)
        return found

    def _depth(self, queue: WatchedQueue) -> int | str:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def read() -> int:
            told = self._sqs.get_queue_attributes(QueueUrl=queue.address, AttributeNames=names)["Attributes"]
            return sum(int(told.get(name, 0)) for name in names)

        return tried(read, "sqs:GetQueueAttributes", (BotoCoreError, ClientError))

    def _function(self, metric: str, function: WatchedFunction) -> Query:
        return query(metric, "Sum", {"FunctionName": function.called}, namespace="AWS/Lambda")


def _is_stream(queue: WatchedQueue) -> bool:
    return queue.kind is Kind.KINESIS


def _age_on_aws(queue: WatchedQueue) -> Query:
    if _is_stream(queue):
        of = {"StreamName": queue.called}
        return query("GetRecords.IteratorAgeMilliseconds", "Maximum", of, namespace="AWS/Kinesis")
    return query("ApproximateAgeOfOldestMessage", "Maximum", {"QueueName": queue.called}, namespace="AWS/SQS")


class AzureGauges:
    """Application Insights' metrics, queues and blobs. `queue` and `container` open clients by their URLs."""

    def __init__(self, metrics: Metrics, queue: Callable[[str], Any], container: Callable[[str], Any]) -> None:
        self._metrics = metrics
        self._queue = queue
        self._container = container

    def read(self, watched: Watched, now: datetime) -> Readings:
        """As `Gauges.read`."""
        found = Readings(
            rates(self._metrics, watched.functions, partial(self._function, "requests/failed"),
                  partial(self._function, "requests/count"), now, "Microsoft.Insights/metrics/read")
        )  # fmt: skip
        from azure.core.exceptions import AzureError

        for queue in watched.queues:
            ages: list[float] = []
            depth = tried(partial(self._waits, queue, now, ages), "Storage Queue Data Reader", (AzureError,))
            found.queues[queue] = depth if isinstance(depth, str) else Waits(depth, max(ages, default=0.0))
        for aside in watched.aside:
            found.aside[aside] = tried(partial(self._blobs, aside), "Storage Blob Data Reader", (AzureError,))
        return found

    def _waits(self, queue: WatchedQueue, now: datetime, ages: list[float]) -> int:
        """How many wait; the age of the first goes into `ages`. What is being handled right now is not seen."""
        with closing(self._queue(queue.address)) as client:
            depth = int(client.get_queue_properties().approximate_message_count or 0)
            for message in client.peek_messages(max_messages=1) if depth else ():
                ages.append(max((now - message.inserted_on.astimezone(UTC)).total_seconds(), 0.0))
            return depth

    def _blobs(self, aside: WatchedQueue) -> int:
        with closing(self._container(aside.address)) as client:
            pages = client.list_blobs(results_per_page=MOST_COUNTED).by_page()
            return sum(1 for _ in next(iter(pages), ()))

    def _function(self, metric: str, function: WatchedFunction) -> Query:
        return query(metric, "Count", {}, id=function.through, only=f"cloud/roleName eq '{function.called}'")


class GcpGauges:
    """Cloud Monitoring, which tells of Cloud Run and of Pub/Sub."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def read(self, watched: Watched, now: datetime) -> Readings:
        """As `Gauges.read`."""
        right = "monitoring.timeSeries.list"
        failed = 'metric.labels.response_code_class = "5xx"'
        found = Readings(
            rates(self._metrics, watched.functions, partial(self._function, failed), partial(self._function, ""), now,
                  right)
        )  # fmt: skip
        for queue, age in self._told("oldest_unacked_message_age", watched.queues, now, right).items():
            found.queues[queue] = age if isinstance(age, str) else Waits(0, age or 0.0)
        late = [queue for queue, told in found.queues.items() if isinstance(told, Waits) and told.oldest_s > 0]
        for queue, depth in self._told("num_undelivered_messages", late, now, right).items():
            told = found.queues[queue]
            if isinstance(told, Waits) and not isinstance(depth, str):
                found.queues[queue] = Waits(int(depth or 0), told.oldest_s)
        for aside, depth in self._told("num_undelivered_messages", watched.aside, now, right).items():
            found.aside[aside] = depth if isinstance(depth, str) else int(depth or 0)
        return found

    def _told(
        self, metric: str, queues: Sequence[WatchedQueue], now: datetime, right: str
    ) -> Mapping[WatchedQueue, float | str | None]:
        asked = [
            query(
                f"pubsub.googleapis.com/subscription/{metric}",
                "ALIGN_MAX",
                {"subscription_id": each.called},
                project=each.address.split("/")[1],
            )
            for each in queues
        ]
        answers = ask(self._metrics, asked, now, right)
        return {
            each: answer if isinstance(answer, str) else last(answer)
            for each, answer in zip(queues, answers, strict=True)
        }

    def _function(self, only: str, function: WatchedFunction) -> Query:
        of = {"service_name": function.called}
        return query("run.googleapis.com/request_count", "ALIGN_SUM", of, only=only, project=function.through)


# ── Opening ─────────────────────────────────────────────────────────────────────────────────────────────────
def _aws(metrics: Metrics, site: Site, environ: Mapping[str, str], _: SignIn) -> Gauges:
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError

    options = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 3})
    try:
        session = aws_session(environ, site.region)
        sqs = session.client("sqs", config=options, endpoint_url=environ.get("AWS_ENDPOINT_URL_SQS"))
    except BotoCoreError as error:
        raise UsageError(f"nobody can sign in at AWS ({type(error).__name__})") from error
    return AwsGauges(metrics, sqs)


def _azure(metrics: Metrics, _site: Site, _environ: Mapping[str, str], sign_in: SignIn) -> Gauges:
    from azure.storage.blob import ContainerClient
    from azure.storage.queue import QueueClient

    limits: dict[str, Any] = {"retry_total": 2, "connection_timeout": _TIMEOUT_S, "read_timeout": _TIMEOUT_S}
    return AzureGauges(
        metrics,
        lambda url: QueueClient.from_queue_url(url, sign_in.azure, **limits),
        lambda url: ContainerClient.from_container_url(url, sign_in.azure, **limits),
    )


def _gcp(metrics: Metrics, _site: Site, _environ: Mapping[str, str], _: SignIn) -> Gauges:
    return GcpGauges(metrics)


_CLOUDS: Final = {Provider.AWS: _aws, Provider.AZURE: _azure, Provider.GCP: _gcp}


@contextmanager
def opened(site: Site, environ: Mapping[str, str]) -> Iterator[Gauges]:
    """The gauges of a site, signed in as the environment describes. `UsageError` if nobody can be, or what speaks to
    the cloud is not installed.
    """
    with ExitStack() as stack:
        metrics = opened_metrics(site.provider, site.region, environ, stack)
        sign_in = SignIn(environ)
        stack.callback(sign_in.close)
        yield _CLOUDS[site.provider](metrics, site, environ, sign_in)
