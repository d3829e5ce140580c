"""Every adapter on Google Cloud when its service cannot be reached, throttles, or refuses for good."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]

from tests.contracts.base import at, record
from tests.standins.gcp.processes import PROJECT
from tests.standins.ports import free_port
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig, GcpPorts
from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, RuleState, Update

CALLS: dict[str, Callable[[GcpPorts], object]] = {
    "hot.put": lambda ports: ports.hot.put([record("d", at(1))]),
    "hot.last": lambda ports: ports.hot.last("d"),
    "cool.create": lambda ports: ports.cool.create("k", b"x", {}, "cool"),
    "cool.get": lambda ports: ports.cool.get("k"),
    "cool.list": lambda ports: ports.cool.list(""),
    "cool.set_class": lambda ports: ports.cool.set_class("k", "archive"),
    "graph.put_entities": lambda ports: ports.graph.put_entities([EntityState("e", "dtmi:a;1", {}, {})]),
    "graph.update": lambda ports: ports.graph.update([Update("e", {"a": 1}, at(1))]),
    "publisher.publish": lambda ports: ports.publisher.publish("intake", [record("d", at(1))]),
    "commands.send": lambda ports: ports.commands.send([Command("c", "d", "reset")]),
    "secrets.get": lambda ports: ports.secrets.get("links"),
    "secrets.put": lambda ports: ports.secrets.put("links", "{}"),
    "dead_letters.put": lambda ports: ports.dead_letters.put([DeadLetter("l", "intake", "bad", b"x", at(1))]),
    "rule_states.load": lambda ports: ports.rule_states.load([("r", "d")]),
    "rule_states.save": lambda ports: ports.rule_states.save({("r", "d"): RuleState(version=1)}),
    "nonces.first_use": lambda ports: ports.nonces.first_use("persist", "n" * 16, 1.0),
}


@pytest.fixture(params=["firestore", "bigtable"])
def nobody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> GcpPorts:
    """The ports of services that nobody serves."""
    for service in ("PUBSUB", "FIRESTORE", "BIGTABLE", "SECRET_MANAGER"):
        monkeypatch.setenv(f"{service}_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{free_port()}")
    config = GcpConfig(
        twin="t",
        project=PROJECT,
        prefix="t2m-",
        hot=request.param,
        bigtable_instance="i",
        cool_bucket="b",
        patience=Patience(attempt_s=0.3, total_s=0.3),
    )
    return GcpPorts(config, os.environ)


def test_what_cannot_be_reached_is_a_store_error(nobody: GcpPorts) -> None:
    names = ("hot.put", "hot.last") if nobody.config.hot == "bigtable" else CALLS
    for name in names:
        with pytest.raises(StoreError) as caught:
            CALLS[name](nobody)
        assert not caught.value.quota, name


@pytest.mark.parametrize(
    ("error", "expected", "quota", "retry_after_s"),
    [
        (exceptions.ResourceExhausted("quota"), StoreError, True, None),  # type: ignore[no-untyped-call]
        (exceptions.TooManyRequests("slow down"), StoreError, True, None),  # type: ignore[no-untyped-call]
        (
            exceptions.ResourceExhausted(  # type: ignore[no-untyped-call]
                "quota", details=[RetryInfo(retry_delay={"seconds": 2, "nanos": 500_000_000})]
            ),
            StoreError,
            True,
            2.5,
        ),
        (exceptions.ServiceUnavailable("down"), StoreError, False, None),  # type: ignore[no-untyped-call]
        (exceptions.DeadlineExceeded("late"), StoreError, False, None),  # type: ignore[no-untyped-call]
        (exceptions.PermissionDenied("no"), StoreError, False, None),  # type: ignore[no-untyped-call]
        (exceptions.FailedPrecondition("the query requires an index"), StoreError, False, None),  # type: ignore[no-untyped-call]
        (exceptions.RetryError("gave up", exceptions.ServiceUnavailable("down")), StoreError, False, None),  # type: ignore[no-untyped-call]
        (exceptions.InvalidArgument("bad"), RejectedError, None, None),  # type: ignore[no-untyped-call]
        (exceptions.BadRequest("bad"), RejectedError, None, None),  # type: ignore[no-untyped-call]
        (exceptions.from_http_status(413, "too large"), RejectedError, None, None),  # type: ignore[no-untyped-call]
        (ConnectionResetError("reset"), StoreError, False, None),
    ],
)
def test_the_services_errors_in_our_words(
    error: Exception, expected: type[Exception], quota: bool | None, retry_after_s: float | None
) -> None:
    with pytest.raises(expected, match="Firestore hot") as caught, calling("Firestore hot"):
        raise error
    if isinstance(caught.value, StoreError):
        assert (caught.value.quota, caught.value.retry_after_s) == (quota, retry_after_s)


def test_a_long_content_is_not_quoted_in_full() -> None:
    with pytest.raises(RejectedError) as caught, calling("Firestore hot"):
        raise exceptions.InvalidArgument("x" * 10_000)  # type: ignore[no-untyped-call]
    assert len(str(caught.value)) < 400
