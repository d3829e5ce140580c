"""A Grafana gets a twin's folder, data sources, dashboards, alert rules and people; against a fake of its HTTP API."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import msgspec
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]

from tests.finishing.rig import Told
from tests.sandbox.twins import small_twin
from tests.standins.grafana.fake_grafana import PASSWORD, TOKEN, FakeGrafana, fake_grafana
from twin2multicloud.deployer.finishing.grafana.client import Grafana, GrafanaError
from twin2multicloud.deployer.finishing.grafana.content import Content, Reader, content_of, uid_of
from twin2multicloud.deployer.finishing.grafana.people import add_viewers, remove_viewers
from twin2multicloud.deployer.finishing.grafana.push import Pushed, push
from twin2multicloud.deployer.finishing.grafana.sign_in import with_password, with_workspace_token
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.handlers.read import ReadState
from twin2multicloud.runtime.ports import EntityState
from twin2multicloud.runtime.times import to_time

SPEC, _ = small_twin(8)
HISTORY = Reader("https://history.aws.test", "key-of-history")
STATE = Reader("https://state.gcp.test", "key-of-state")
BASIC = {"authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}


def content(spec: TwinSpec = SPEC, **changes: Any) -> Content:
    options = {"refresh_s": 300.0, "message_interval_s": 1.0} | changes
    return content_of(spec, HISTORY, STATE, "owner@example.org", **options)


@pytest.fixture
def fake() -> Iterator[FakeGrafana]:
    with fake_grafana() as made:
        yield made


class Clock:
    """Sleeping passes the time."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def grafana(fake: FakeGrafana, clock: Clock) -> Iterator[Grafana]:
    client = Grafana(fake.url, BASIC, sleep=clock.sleep, monotonic=lambda: clock.now)
    yield client
    client.close()


def test_an_empty_grafana_gets_everything(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    pushed = push(grafana, content(), told)
    assert str(pushed) == "6 made"
    ((uid, kept),) = fake.dashboards.items()
    assert kept["meta"]["folderUid"] in fake.folders
    assert kept["dashboard"]["title"] == "test-house"
    assert {source["jsonData"]["allowedHosts"][0] for source in fake.sources.values()} == {HISTORY.url, STATE.url}
    assert sorted(key["bearerToken"] for key in fake.keys.values()) == ["key-of-history", "key-of-state"]
    (group,) = fake.groups.values()
    assert [rule["title"] for rule in group["rules"]] == ["No telemetry from meter", "No telemetry from lamp"]
    assert [contact["settings"]["addresses"] for contact in fake.contacts.values()] == ["owner@example.org"]
    assert uid == content().dashboards[0]["uid"]


def test_each_panel_asks_the_reader_of_its_url_with_that_readers_key(
    fake: FakeGrafana, grafana: Grafana, told: Told
) -> None:
    push(grafana, content(), told)
    (kept,) = fake.dashboards.values()
    asked = set()
    for panel in kept["dashboard"]["panels"]:
        for target in panel.get("targets", []):
            source = fake.sources[target["datasource"]["uid"]]
            assert target["url"].startswith(source["jsonData"]["allowedHosts"][0] + "/query/")
            assert panel["datasource"] == target["datasource"]
            asked.add(target["url"])
            assert not target["url_options"]["data"].startswith(('{"kind": "rates"', '{"kind": "alerts"'))
    assert asked == {f"{HISTORY.url}/query/history", f"{STATE.url}/query/state"}
    rows = [panel["title"] for panel in kept["dashboard"]["panels"] if panel["type"] == "row"]
    assert rows == ["meter", "lamp"]  # nothing is left of the overview


def test_a_second_push_changes_nothing(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    push(grafana, content(), told)
    fake.asked.clear()
    assert str(push(grafana, content(), told)) == "nothing to change"
    # Keys are set again all the same, for nobody can ask whether they are right.
    assert fake.writes == [f"PUT /datasources/uid/{uid}" for uid in fake.sources]
    (kept,) = fake.dashboards.values()
    assert kept["dashboard"]["version"] == 1


def test_a_rotated_read_key_reaches_the_data_source(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    push(grafana, content(), told)
    rotated = content_of(
        SPEC, Reader(HISTORY.url, "new"), STATE, "owner@example.org", refresh_s=300, message_interval_s=1
    )
    push(grafana, rotated, told)
    assert fake.keys[uid_of("test-house", "history")] == {"bearerToken": "new"}


def test_what_people_changed_in_a_dashboard_is_set_right(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    push(grafana, content(), told)
    (kept,) = fake.dashboards.values()
    kept["dashboard"]["panels"][1]["title"] = "mine"
    assert push(grafana, content(), told).changed == ["dashboard test-house"]
    assert kept["dashboard"] is not next(iter(fake.dashboards.values()))["dashboard"]
    assert next(iter(fake.dashboards.values()))["dashboard"]["version"] == 2


def test_dashboards_that_left_the_definition_go_and_peoples_own_stay(
    fake: FakeGrafana, grafana: Grafana, told: Told
) -> None:
    panels = [{"type": "table", "device_type": "lamp"}]
    two = msgspec.structs.replace(
        SPEC, dashboards=({"title": "one", "panels": panels}, {"title": "two", "panels": panels})
    )
    push(grafana, content(two), told)
    folder = uid_of("test-house", "folder")
    mine = {"dashboard": {"uid": "mine", "title": "mine", "tags": [], "version": 1}, "meta": {"folderUid": folder}}
    fake.dashboards["mine"] = mine
    one = msgspec.structs.replace(two, dashboards=two.dashboards[:1])
    assert push(grafana, content(one), told).removed == ["dashboard two"]
    assert sorted(each["dashboard"]["title"] for each in fake.dashboards.values()) == ["mine", "one"]


def test_dashboards_refresh_as_often_as_the_bill_assumes_unless_the_definition_says_otherwise() -> None:
    assert content().dashboards[0]["refresh"] == "5m"
    panels = [{"type": "table", "device_type": "lamp"}]
    own = msgspec.structs.replace(SPEC, dashboards=({"title": "one", "refresh": "10s", "panels": panels},))
    assert content(own).dashboards[0]["refresh"] == "10s"


@pytest.mark.parametrize(("interval_s", "silence_s"), [(1.0, 900.0), (600.0, 6000.0)])
def test_a_type_is_silent_after_ten_intervals(interval_s: float, silence_s: float) -> None:
    rule = content(message_interval_s=interval_s).rules["rules"][0]
    assert rule["data"][1]["model"]["conditions"][0]["evaluator"] == {"type": "gt", "params": [silence_s]}
    assert rule["notification_settings"]["receiver"] == content().contact["name"]


@pytest.mark.parametrize(
    ("ages", "least", "most"),
    [
        ({"a": None, "b": 100.5}, 99, 110),
        ({"a": 50.0}, 49, 60),
        ({}, 1e9, 1e9),
    ],
)
def test_the_age_of_the_latest_value_is_what_readers_answers_say(
    ages: dict[str, float | None], least: float, most: float
) -> None:
    """What Grafana's plug-in would compute of an answer of the real read handler, by the real jq."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    times = {name: to_time(0.0 if age is None else time.time() - age) for name, age in ages.items()}
    with tempfile.TemporaryDirectory() as directory:
        graph = LocalTwinGraph(Path(directory) / "graph.db")
        meter = SPEC.types["meter"].model
        graph.put_entities([EntityState("meter-001", meter, dict.fromkeys(times, 1), times)])
        model = content().rules["rules"][0]["data"][0]["model"]
        answer = ReadState(graph)(json.loads(model["url_options"]["data"]))
        graph.close()
    done = subprocess.run(["jq", "-c", model["root_selector"]], input=msgspec.json.encode(answer), capture_output=True)
    (row,) = json.loads(done.stdout)
    assert least <= row["age"] <= most, done.stderr


def test_twins_with_similar_names_share_no_uid() -> None:
    long = "a twin with a name that is longer than all uids can be"
    uids = {uid_of(name, "state") for name in ("my twin", "my-twin", "My Twin", long, long + " indeed")}
    assert len(uids) == 5
    assert all(len(uid) <= 40 for uid in uids)


def test_a_starting_grafana_is_waited_for(fake: FakeGrafana, grafana: Grafana, clock: Clock) -> None:
    fake.starting = 3
    texts: list[str] = []
    assert grafana.wait(300, texts.append) == "12.1.1"
    assert (clock.now, len(texts)) == (1 + 2 + 4, 3)
    fake.starting = 10_000
    with pytest.raises(GrafanaError, match=r"is not ready after 60 s: .* 503: starting"):
        grafana.wait(60)


def test_requests_that_may_pass_are_made_again(fake: FakeGrafana, grafana: Grafana, told: Told, clock: Clock) -> None:
    fake.starting = 3
    assert len(push(grafana, content(), told).made) == 6
    assert clock.now == 1 + 2 + 4


def test_a_creation_that_was_answered_too_late_is_not_made_twice(
    fake: FakeGrafana, grafana: Grafana, told: Told
) -> None:
    fake.late = {"/folders", "/datasources", "/v1/provisioning/contact-points"}
    push(grafana, content(), told)
    assert (len(fake.folders), len(fake.sources), len(fake.contacts)) == (1, 2, 1)
    assert str(push(grafana, content(), told)) == "nothing to change"


def test_the_plug_in_is_installed_where_it_may_be(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    fake.plugins.clear()
    assert "plug-in yesoreyeram-infinity-datasource" in push(grafana, content(), told).made
    fake.plugins.clear()
    fake.installable = False
    with pytest.raises(GrafanaError, match="install it in Grafana under Administration, Plugins"):
        push(grafana, content(), told)


def test_a_grafana_without_alerting_gets_its_dashboards(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    fake.alerting = False
    pushed: Pushed = push(grafana, content(), told)
    assert len(fake.dashboards) == 1
    assert pushed.notes[0].startswith("alert rules were not made")


def test_a_wrong_password_is_told_without_showing_any(fake: FakeGrafana, told: Told) -> None:
    client = Grafana(fake.url, {"authorization": "Bearer s3cret"})
    with pytest.raises(GrafanaError, match="401: Invalid username or password") as error:
        push(client, content(), told)
    client.close()
    assert "s3cret" not in f"{error.value} {client!r} {content()!r} {HISTORY!r}"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(GrafanaError, match="is no address of Grafana"):
        Grafana("grafana.example.org", {})


def test_nobody_there(clock: Clock) -> None:
    client = Grafana("http://127.0.0.1:9", {}, sleep=clock.sleep, monotonic=lambda: clock.now)
    with pytest.raises(GrafanaError, match="does not answer"):
        client.get("/api/health")
    assert clock.now == 1 + 2 + 4 + 8


# ── People, and signing in ──────────────────────────────────────────────────────────────────────────────────
def test_viewers_are_made_once_and_told_their_password_once(fake: FakeGrafana, grafana: Grafana, told: Told) -> None:
    passwords = iter(["first-password-1", "second-password-2"])
    people = ["ann+x@example.org", "ben@example.org"]
    made = add_viewers(grafana, people, lambda: next(passwords), told)
    assert [(user.login, user.password) for user in made] == [
        ("ann+x@example.org", "first-password-1"),
        ("ben@example.org", "second-password-2"),
    ]
    assert "password-1" not in f"{made!r} {told.all!r}"
    assert add_viewers(grafana, people, lambda: pytest.fail("no password is needed"), told) == ()
    assert remove_viewers(grafana, ["ann+x@example.org", "never@example.org", "admin"], told) == 1
    assert set(fake.users) == {"admin", "ben@example.org"}


def test_our_own_grafana_is_signed_in_at_with_the_secret(fake: FakeGrafana, told: Told) -> None:
    class Kept:
        def get(self, name: str) -> str:
            return {"grafana-admin": PASSWORD}[name]

        def put(self, name: str, value: str) -> None:
            raise AssertionError

    client = Grafana(fake.url, with_password(Kept()))
    assert len(push(client, content(), told).made) == 6
    client.close()


def test_without_the_secret_it_is_said_what_to_do() -> None:
    class Empty:
        def get(self, name: str) -> str:
            raise KeyError(name)

        def put(self, name: str, value: str) -> None:
            raise AssertionError

    with pytest.raises(StepError, match="write the secrets first"):
        with_password(Empty())


def test_a_token_of_a_managed_workspace_is_deleted_after_use(fake: FakeGrafana, told: Told) -> None:
    """botocore's own model of the service checks what we ask for; its answers are given."""
    client = boto3.client("grafana", region_name="eu-central-1", aws_access_key_id="A", aws_secret_access_key="s")
    where = {"workspaceId": "g-0123456789", "serviceAccountId": "7"}
    token = {"id": "3", "name": "deploy-1", "key": TOKEN}
    with Stubber(client) as stub:
        stub.add_response(
            "create_workspace_service_account_token",
            {"serviceAccountToken": token, **where},
            {**where, "name": "deploy-1", "secondsToLive": 900},
        )
        stub.add_response(
            "delete_workspace_service_account_token", {"tokenId": "3", **where}, {**where, "tokenId": "3"}
        )
        output = {"workspace": "g-0123456789", "service_account": "7"}
        with with_workspace_token(client, output, lambda: "deploy-1") as headers:
            grafana = Grafana(fake.url, headers)
            assert len(push(grafana, content(), told).made) == 6
            grafana.close()
        stub.assert_no_pending_responses()
