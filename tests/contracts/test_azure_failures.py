"""What an adapter makes of a service that throttles, fails, refuses or is not there: the runtime's own failures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from aiohttp import web
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineRequest
from azure.eventgrid import EventGridPublisherClient
from azure.storage.blob import ContainerClient

from tests.contracts.base import record, unique
from tests.contracts.twin_graph import ROOM, interface
from tests.patience import PATIENCE_S
from tests.standins.azure import emulators
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins
from tests.standins.azure.fake_event_grid import FakeEventGrid
from tests.standins.azure.fake_key_vault import FakeKeyVault
from tests.standins.azure.fake_outage import FakeOutage, fake_outage
from tests.standins.azure.rig import Certificates, serving
from tests.standins.ports import free_port
from twin2multicloud.runtime.adapters.azure.build import VARIABLE, AzureConfig, AzurePorts, Emulators, build
from twin2multicloud.runtime.adapters.azure.calls import retry_after_s
from twin2multicloud.runtime.adapters.azure.object_store import BlobObjectStore
from twin2multicloud.runtime.adapters.azure.secrets import SettingSecrets, VaultSecrets
from twin2multicloud.runtime.envelope import Event, encode
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, Relation, Update

pytest_plugins = ("tests.standins.azure.fixtures",)

Open = Callable[..., AzurePorts]
TIME = "2026-11-25T12:00:00.000000Z"
HUB_KEY = "a2V5a2V5a2V5a2V5"

_LOCATION = [{"name": "local", "databaseAccountEndpoint": ""}]
HEALTHY = {
    "/": {"id": "account", "_rid": "x", "writableLocations": _LOCATION, "readableLocations": _LOCATION},
    "/dbs/twin2multicloud/colls/hot/": {
        "id": "hot",
        "_rid": "r",
        "partitionKey": {"paths": ["/device"], "kind": "Hash", "version": 2},
    },
    "/models": {"value": []},
}

CALLS: dict[str, Callable[[AzurePorts], object]] = {
    "Cosmos DB": lambda ports: ports.hot.put([record("d", TIME)]),
    "Blob": lambda ports: ports.cool.create("k", b"1", {}, "cool"),
    "Queue": lambda ports: ports.publisher.publish("intake", [record("d", TIME)]),
    "Event Grid": lambda ports: ports.publisher.publish("alerts", [record("d", TIME)]),
    "Digital Twins": lambda ports: ports.graph.get("t"),
    "Key Vault": lambda ports: ports.secrets.get("links"),
    "IoT Hub": lambda ports: ports.commands.send([Command("c", "d", "blink")]),
}


@pytest.fixture(scope="module")
def outages(certificates: Certificates) -> Iterator[tuple[FakeOutage, FakeOutage]]:
    """One over HTTP, one over TLS."""
    with fake_outage() as plain, fake_outage(certificates) as secure:
        yield plain, secure


def _ports(open_ports: Open, certificates: Certificates, plain: int, secure: int) -> AzurePorts:
    account, there = f"http://127.0.0.1:{plain}", f"https://localhost:{secure}"
    storage = f"AccountName=a;AccountKey=a2V5;BlobEndpoint={account}/a;QueueEndpoint={account}/a;"
    return open_ports(
        storage_connection_string=storage,
        cosmos_url=account,
        cosmos_key=emulators.COSMOS_KEY,
        topics={"alerts": f"{account}/api/events"},
        topic_key="key",
        hub_connection_string=f"HostName=localhost:{secure};SharedAccessKeyName=service;SharedAccessKey={HUB_KEY}",
        vault_url=there,
        digital_twins_url=there,
        graph="digital_twins",
        authority=str(certificates.authority),
        any_token=True,
    )


def _prepare(outages: Sequence[FakeOutage], status: int, headers: dict[str, str]) -> None:
    for outage in outages:
        outage.status, outage.headers, outage.requests, outage.healthy = status, headers, 0, HEALTHY


@pytest.mark.parametrize("service", CALLS)
def test_throttling_says_how_long_to_wait_and_the_handler_is_not_kept_waiting(
    service: str, open_ports: Open, certificates: Certificates, outages: tuple[FakeOutage, FakeOutage]
) -> None:
    _prepare(outages, 429, {"Retry-After": "7", "x-ms-retry-after-ms": "7000"})
    ports = _ports(open_ports, certificates, outages[0].port, outages[1].port)
    with pytest.raises(StoreError) as caught:
        CALLS[service](ports)
    assert caught.value.quota
    assert caught.value.retry_after_s == 7.0
    assert 1 <= sum(outage.requests for outage in outages) <= 4


@pytest.mark.parametrize("service", CALLS)
def test_a_service_that_fails_is_a_failure_that_may_pass(
    service: str, open_ports: Open, certificates: Certificates, outages: tuple[FakeOutage, FakeOutage]
) -> None:
    _prepare(outages, 503, {})
    ports = _ports(open_ports, certificates, outages[0].port, outages[1].port)
    with pytest.raises(StoreError) as caught:
        CALLS[service](ports)
    assert not caught.value.quota
    assert 1 <= sum(outage.requests for outage in outages) <= 6


@pytest.mark.parametrize("service", CALLS)
def test_a_service_that_is_not_there_is_a_failure_that_may_pass(
    service: str, open_ports: Open, certificates: Certificates
) -> None:
    ports = _ports(open_ports, certificates, free_port(), free_port())
    with pytest.raises(StoreError) as caught:
        CALLS[service](ports)
    assert not caught.value.quota
    assert len(str(caught.value)) < 400


def test_what_a_service_finds_wrong_with_the_content_is_rejected(
    open_ports: Open, certificates: Certificates, outages: tuple[FakeOutage, FakeOutage]
) -> None:
    _prepare(outages, 400, {})
    ports = _ports(open_ports, certificates, outages[0].port, outages[1].port)
    for service in ("Event Grid", "Cosmos DB", "Blob", "IoT Hub"):
        with pytest.raises(RejectedError):
            CALLS[service](ports)


def test_a_missing_container_is_not_a_missing_object(azurite: emulators.Azurite) -> None:
    with ContainerClient.from_connection_string(azurite.connection_string, "nowhere") as client:
        store = BlobObjectStore(client)
        for call in (store.get, store.head, store.delete, store.list):
            with pytest.raises(StoreError):
                call("key")


def test_objects_are_listed_where_the_account_knows_no_start(azurite: emulators.Azurite) -> None:
    refused: list[str] = []

    def refuse(request: PipelineRequest[Any]) -> None:
        if "startFrom" in request.http_request.url:
            refused.append(request.http_request.url)
            error = HttpResponseError("InvalidQueryParameterValue")
            error.status_code = 400
            raise error

    with ContainerClient.from_connection_string(
        azurite.connection_string, "cool", raw_request_hook=refuse, retry_total=0
    ) as client:
        store, folder = BlobObjectStore(client), unique("folder")
        for name in "abc":
            store.create(f"{folder}/{name}", b"1", {}, "cool")
        assert [each.key for each in store.list(f"{folder}/", after=f"{folder}/a")] == [f"{folder}/b", f"{folder}/c"]
    assert len(refused) == 1


def test_the_wait_is_read_from_every_form_of_header() -> None:
    assert retry_after_s({"Retry-After": "3"}) == 3.0
    assert retry_after_s({"x-ms-retry-after-ms": "250"}) == 0.25
    dated = {"Retry-After": "Wed, 25 Nov 2026 12:00:30 GMT", "Date": "Wed, 25 Nov 2026 12:00:00 GMT"}
    assert retry_after_s(dated) == 30.0
    assert retry_after_s({"Retry-After": "soon"}) is None
    assert retry_after_s(None) is None


def test_our_request_to_a_topic_is_the_one_of_the_official_sdk(open_ports: Open, event_grid: FakeEventGrid) -> None:
    # The SDK writes the time without trailing zeros; all else is the same.
    events = [record(unique("sdk"), "2026-11-25T12:00:00.123456Z", data={"a": 0.1, "b": None}, trace="t")]
    topic = unique("topic")
    ports = _topic(open_ports, event_grid, topic)
    ports.publisher.publish(topic, events)
    with EventGridPublisherClient(event_grid.endpoint(topic), AzureKeyCredential(event_grid.key)) as client:
        client.send([_plain(event) for event in events])
    ours, theirs = event_grid.received[topic]
    assert ours == theirs
    wrong = _topic(open_ports, event_grid, topic, key="wrong")
    with pytest.raises(StoreError, match="401"):
        wrong.publisher.publish(topic, events)


def _topic(open_ports: Open, grid: FakeEventGrid, topic: str, key: str = "") -> AzurePorts:
    """Ports with this one topic, and queues that nobody asks for."""
    nowhere = f"AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:{free_port()}/a;BlobEndpoint=http://a.b/a"
    return open_ports(
        topics={topic: grid.endpoint(topic)}, topic_key=key or grid.key, storage_connection_string=nowhere
    )


def _plain(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(event))
    return found


def test_the_fake_topic_delivers_after_a_handshake_and_again_after_failures(
    open_ports: Open, event_grid: FakeEventGrid
) -> None:
    topic, taken = unique("topic"), []

    async def hook(request: web.Request) -> web.Response:
        (event,) = await request.json()
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            return web.json_response({"validationResponse": event["data"]["validationCode"]})
        taken.append(event["id"])
        return web.Response(status=200 if len(taken) > 2 else 500)

    async def mute(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    app.router.add_post("/mute", mute)
    with serving(app) as (_, port):
        with pytest.raises(ValueError, match="handshake"):
            event_grid.subscribe(topic, f"http://127.0.0.1:{port}/mute")
        event_grid.subscribe(topic, f"http://127.0.0.1:{port}/hook")
        _topic(open_ports, event_grid, topic).publisher.publish(topic, [record("d", TIME, id="e1")])
        deadline = time.monotonic() + PATIENCE_S
        while len(taken) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert taken == ["e1"] * 3


def test_an_event_larger_than_a_topic_takes_is_rejected(open_ports: Open, event_grid: FakeEventGrid) -> None:
    topic = unique("topic")
    ports = _topic(open_ports, event_grid, topic)
    with pytest.raises(RejectedError, match="1000"):
        ports.publisher.publish(topic, [record("d", TIME, data={"x": "y" * 1_000_000})])
    many = [record("d", TIME, data={"n": n, "x": "y" * 200_000}) for n in range(9)]
    ports.publisher.publish(topic, many)
    assert [event["data"]["n"] for event in event_grid.received[topic]] == list(range(9))


@pytest.fixture
def twins(open_ports: Open, digital_twins: FakeDigitalTwins, certificates: Certificates) -> AzurePorts:
    ports = open_ports(
        graph="digital_twins",
        digital_twins_url=digital_twins.url,
        authority=str(certificates.authority),
        any_token=True,
    )
    ports.graph.define([interface(ROOM)])
    return ports


def test_digital_twins_usual_update_is_one_request(twins: AzurePorts, digital_twins: FakeDigitalTwins) -> None:
    entity = unique("room")
    twins.graph.put_entities([EntityState(entity, ROOM, {}, {})])
    twins.graph.update([Update(entity, {"temperature": 0.5}, "2026-11-25T12:00:00.000000Z")])
    digital_twins.requests.clear()
    for second in range(1, 6):
        twins.graph.update([Update(entity, {"temperature": second / 2}, f"2026-11-25T12:00:0{second}.000000Z")])
    assert digital_twins.requests == [f"PATCH /digitaltwins/{entity}"] * 5
    late = Update(entity, {"temperature": 9.5}, "2026-11-25T11:00:00.000000Z")
    twins.graph.update([late])
    assert digital_twins.requests[5:] == [f"GET /digitaltwins/{entity}"]


def test_digital_twins_refuses_what_the_model_does_not_declare(twins: AzurePorts) -> None:
    first, second = unique("room"), unique("room")
    twins.graph.put_entities([EntityState(each, ROOM, {}, {}) for each in (first, second)])
    with pytest.raises(RejectedError, match="altitude"):
        twins.graph.update([Update(first, {"altitude": 1.5}, TIME), Update(second, {"people": 2}, TIME)])
    state = twins.graph.get(second)
    assert state is not None
    assert state.values == {"people": 2}
    with pytest.raises(RejectedError):
        twins.graph.put_entities([EntityState(unique("x"), "dtmi:nobody:knows;1", {}, {})])
    with pytest.raises(RejectedError):
        twins.graph.define([{"@id": "dtmi:bad;1", "@type": "Interface", "@context": "dtmi:dtdl:context;2"}])
    with pytest.raises(RejectedError):
        twins.graph.relate([Relation(first, "contains", unique("absent"))])


def test_digital_twins_null_removes_a_property(twins: AzurePorts) -> None:
    entity = unique("room")
    twins.graph.put_entities([EntityState(entity, ROOM, {"people": 1, "label": "a"}, {"people": TIME, "label": TIME})])
    twins.graph.update([Update(entity, {"people": None, "humidity": None}, "2026-11-25T12:00:01.000000Z")])
    state = twins.graph.get(entity)
    assert state is not None
    assert (state.values, state.times) == ({"label": "a"}, {"label": TIME})


def test_digital_twins_takes_names_of_any_spelling(twins: AzurePorts) -> None:
    names = [unique(name) for name in ("Büro 3/4", "100%", "a:b")]
    twins.graph.put_entities([EntityState(name, ROOM, {}, {}) for name in names])
    twins.graph.relate([Relation(names[0], "contains", names[1])])
    assert twins.graph.relations(names[0]) == [Relation(names[0], "contains", names[1])]
    assert sorted(names) == [each.id for each in twins.graph.entities() if each.id in names]
    twins.graph.delete_entities(names)
    assert [twins.graph.get(name) for name in names] == [None, None, None]


def test_secrets_are_read_again_after_less_than_a_minute(
    open_ports: Open, key_vault: FakeKeyVault, certificates: Certificates
) -> None:
    ports = open_ports(vault_url=key_vault.url, authority=str(certificates.authority), any_token=True)
    assert isinstance(ports.secrets, VaultSecrets)
    now = [0.0]
    secrets = VaultSecrets(ports.secrets._client, monotonic=lambda: now[0])
    name = unique("secret")
    key_vault.secrets[name] = "old"
    assert secrets.get(name) == "old"
    key_vault.secrets[name] = "new"
    now[0] = 50.0
    assert secrets.get(name) == "old"
    assert key_vault.reads.count(name) == 1
    now[0] = 60.0
    assert secrets.get(name) == "new"
    key_vault.secrets[name] = "unset"  # as a deployment makes it
    now[0] = 120.0
    with pytest.raises(KeyError):
        secrets.get(name)
    with pytest.raises(RejectedError, match="25000"):
        secrets.put(name, "x" * 26_000)
    odd = unique("link/key.") + "ß"
    secrets.put(odd, "value")
    assert VaultSecrets(ports.secrets._client).get(odd) == "value"


def test_without_a_vault_secrets_are_settings(monkeypatch: pytest.MonkeyPatch, open_ports: Open) -> None:
    monkeypatch.setenv("T2M_SECRET_LINK_KEY_1", "value")
    secrets = open_ports().secrets
    assert isinstance(secrets, SettingSecrets)
    assert secrets.get("link-key.1") == "value"
    with pytest.raises(KeyError):
        secrets.get("other")
    with pytest.raises(RejectedError, match="T2M_SECRET_LINK_KEY_1"):
        secrets.put("link-key.1", "new")


def test_an_archived_blob_is_read_only_after_it_moved(storage_ports: Open) -> None:
    store, key = storage_ports(cool_tier="Cold").cool, unique("archived")
    assert store.create(key, b"1", {}, "archive")
    with pytest.raises(StoreError, match="archived"):
        store.get(key)
    # Named gap of Azurite: a real account takes hours to rehydrate, and `get` goes on failing until then.
    store.set_class(key, "cool")
    assert store.get(key) == b"1"
    head = store.head(key)
    assert head is not None
    assert head.storage_class == "cool"
    with pytest.raises(ValueError, match="lukewarm"):
        store.create(key, b"1", {}, "lukewarm")


def test_a_nonce_lives_as_long_as_it_may_be_replayed(cosmos_ports: Open) -> None:
    # Named gap of the emulator: it keeps items for ever; the service deletes them after `ttl` seconds.
    ports, link = cosmos_ports(), unique("link")
    assert ports.nonces.first_use(link, "n1", time.time() + 600)
    assert ports.nonces.first_use(link, "n2", time.time() - 600)
    container = ports.nonces._container  # type: ignore[attr-defined]
    first, second = container.read(link, "n1"), container.read(link, "n2")
    assert 598 <= first["ttl"] <= 601
    assert second["ttl"] == 1


def test_a_letter_that_is_put_again_has_its_latest_reason(cosmos_ports: Open) -> None:
    letters, id = cosmos_ports().dead_letters, unique("letter")
    for reason in ("first", "second"):
        letters.put([DeadLetter(id, "intake", reason, b"1", TIME)])
    found = letters.get(id)
    assert found is not None
    assert found.reason == "second"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not set"),
        ("{", "T2M_CONFIG"),
        ('{"twin": "x", "cosmos": "y"}', "cosmos"),
        ('{"twin": "x", "cool_tier": "Warm"}', "cool_tier"),
    ],
)
def test_a_wrong_configuration_is_named(content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build({VARIABLE: content})


def test_a_port_whose_service_is_not_configured_says_which_field_is_missing() -> None:
    ports = build({VARIABLE: '{"twin": "x"}'})
    with pytest.raises(ValueError, match="cosmos_url"):
        ports.hot  # noqa: B018
    with pytest.raises(ValueError, match="blob_url"):
        ports.cool  # noqa: B018
    with pytest.raises(ValueError, match="queue_url"):
        ports.publisher  # noqa: B018
    ports.close()


def test_keys_are_shown_nowhere() -> None:
    emulated = Emulators(cosmos_key="hidden-1", topic_key="hidden-2", hub_connection_string="hidden-3")
    ports = AzurePorts(AzureConfig("x"), emulated)
    assert "hidden" not in repr(emulated) + repr(ports) + str(ports)
    document = '{"twin": "x", "emulators": {"cosmos_key": "hidden-4"}}'
    assert "hidden" not in repr(build({VARIABLE: document}).config)
