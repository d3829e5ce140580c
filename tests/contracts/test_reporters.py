"""Every reporter, held to its contract: the sandbox's journal, SNS, Event Grid, Pub/Sub."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.contracts.local_places import opener
from tests.contracts.reporter import NOW, Arrived, ErrorEventsContract, Found, ReporterContract, report
from tests.contracts.test_aws_failures import clients_of
from tests.contracts.test_gcp_pubsub import Subscriptions
from tests.standins.aws.places import drain, queue, topic_to
from tests.standins.aws.server import REGION, ministack
from tests.standins.azure.fake_event_grid import FakeEventGrid
from tests.standins.gcp.processes import PROJECT
from tests.standins.ports import free_port
from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts
from twin2multicloud.runtime.adapters.azure.build import AzureConfig, AzurePorts, Emulators
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig, GcpPorts
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.messages import events_in
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.envelope import Event, decode
from twin2multicloud.runtime.error_events import TopicReporter
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, RejectedError, StoreError
from twin2multicloud.runtime.ports import Publisher, Reporter
from twin2multicloud.sandbox.journal import Journal

pytest_plugins = ("tests.standins.azure.fixtures", "tests.standins.gcp.fixtures")

Events = Callable[[], list[Event]]


class FixedClock:
    def now(self) -> float:
        return NOW


class FullDisk:
    """A gate that lets nothing be written until there is room."""

    full = True

    def __call__(self, operation: str) -> None:
        if self.full and operation == "journal.write":
            raise StoreError("no space left on device")


class TestJournal(ReporterContract):
    """The sandbox's: errors are folded in the moment they are kept, so what arrives has a count."""

    cloud = "aws"

    @pytest.fixture
    def open_reporter(self, tmp_path: Path) -> Generator[Callable[[], Journal], None, None]:
        with opener(lambda: Journal(tmp_path / "journal.db", cloud=self.cloud, now=lambda: NOW)) as factory:
            yield factory

    @pytest.fixture
    def found(self, open_reporter: Callable[[], Journal]) -> Found:
        reading = open_reporter()
        return lambda: folded(reading, self.cloud)

    @pytest.fixture
    def disk(self) -> FullDisk:
        return FullDisk()

    @pytest.fixture
    def away(self, tmp_path: Path, disk: FullDisk) -> Iterator[Journal]:
        made = Journal(tmp_path / "full.db", cloud=self.cloud, now=lambda: NOW, gate=disk)
        yield made
        made.close()

    @pytest.fixture
    def kept(self, away: Journal, disk: FullDisk) -> Callable[[], str]:
        def room_again() -> str:
            disk.full = False
            return repr(folded(away, self.cloud))

        return room_again


def folded(journal: Journal, cloud: str) -> list[Arrived]:
    return [
        Arrived(
            ErrorReport(
                error.layer,  # type: ignore[arg-type]
                error.severity,
                ErrorKind(error.kind),
                error.message,
                error.component,
                cloud,
                error.device,
                error.link,
                error.trace,
            ),
            error.count,
            error.first or 0.0,
        )
        for error in journal.errors()
    ]


class Logged:
    """For reporters that write to the function's log what they cannot publish."""

    @pytest.fixture
    def kept(self, capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
        return lambda: capfd.readouterr().err


@pytest.fixture(scope="module")
def sns() -> tuple[str, str]:
    """A queue's URL, and the ARN of the topic before it."""
    clients = ministack().clients
    url = queue(clients, "errors")
    return url, topic_to(clients, "errors", url)


class TestSns(Logged, ErrorEventsContract):
    """SNS on ministack, which delivers to a queue; may deliver twice."""

    cloud = "aws"

    @pytest.fixture
    def open_reporter(self, sns: tuple[str, str]) -> Callable[[], Reporter]:
        config = AwsConfig("contract", topics={"errors": sns[1]})
        return lambda: AwsPorts(config, clients=ministack().clients, clock=FixedClock()).reporter

    @pytest.fixture
    def events(self, sns: tuple[str, str]) -> Events:
        so_far: dict[str, Event] = {}

        def read() -> list[Event]:
            so_far.update((event.id, event) for event in map(decode, drain(ministack().clients, sns[0])))
            return list(so_far.values())

        return read

    @pytest.fixture
    def away(self) -> Reporter:
        config = AwsConfig("contract", topics={"errors": f"arn:aws:sns:{REGION}:1:errors"})
        return AwsPorts(config, clients=clients_of(f"http://127.0.0.1:{free_port()}"), clock=FixedClock()).reporter


class TestEventGrid(Logged, ErrorEventsContract):
    """A custom topic of our fake of Event Grid."""

    cloud = "azure"

    @pytest.fixture
    def ports(self) -> Iterator[Callable[[str, str], AzurePorts]]:
        made: list[AzurePorts] = []
        nowhere = (
            f"AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:{free_port()}/a;BlobEndpoint=http://a/a"
        )

        def make(endpoint: str, key: str) -> AzurePorts:
            emulators = Emulators(topic_key=key, storage_connection_string=nowhere)
            made.append(AzurePorts(AzureConfig("contract", topics={"errors": endpoint}), emulators, FixedClock()))
            return made[-1]

        yield make
        for each in made:
            each.close()

    @pytest.fixture
    def open_reporter(
        self, ports: Callable[[str, str], AzurePorts], event_grid: FakeEventGrid
    ) -> Callable[[], Reporter]:
        return lambda: ports(event_grid.endpoint("errors"), event_grid.key).reporter

    @pytest.fixture
    def events(self, event_grid: FakeEventGrid) -> Events:
        before = len(event_grid.received.get("errors", []))

        def read() -> list[Event]:
            found = event_grid.received.get("errors", [])[before:]
            return list({each["id"]: msgspec.convert(each, Event) for each in found}.values())

        return read

    @pytest.fixture
    def away(self, ports: Callable[[str, str], AzurePorts]) -> Reporter:
        return ports(f"http://127.0.0.1:{free_port()}/api/events", "key").reporter

    @pytest.fixture
    def kept(self, caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
        """The host keeps what is logged as an error."""
        return lambda: "\n".join(each.getMessage() for each in caplog.records if each.levelname == "ERROR")


@pytest.fixture(scope="module")
def subscriptions(clients: Clients) -> Subscriptions:
    made = Subscriptions(clients)
    made.create("errors")
    return made


class TestPubSub(Logged, ErrorEventsContract):
    """Google's emulator of Pub/Sub; may deliver twice."""

    cloud = "gcp"

    @pytest.fixture
    def open_reporter(
        self, subscriptions: Subscriptions, pubsub_host: str, patience: Patience
    ) -> Callable[[], Reporter]:
        config = GcpConfig(twin="contract", project=PROJECT, prefix=subscriptions.prefix, patience=patience)
        return lambda: GcpPorts(config, {"PUBSUB_EMULATOR_HOST": pubsub_host}, clock=FixedClock()).reporter

    @pytest.fixture
    def events(self, subscriptions: Subscriptions) -> Events:
        def read() -> list[Event]:
            found = [event for data in subscriptions.pull("errors") for event in events_in(data)]
            return list({event.id: event for event in found}.values())

        return read

    @pytest.fixture
    def away(self) -> Reporter:
        environment = {**os.environ, "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{free_port()}"}
        config = GcpConfig(twin="contract", project=PROJECT, patience=Patience(attempt_s=0.3, total_s=0.3))
        return GcpPorts(config, environment, clock=FixedClock()).reporter


class Refusing:
    """A topic that never takes some events, or fails as no service of ours should."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem
        self.taken: list[Event] = []

    def publish(self, topic: str, events: list[Event]) -> None:
        if any(event.data["message"] == "poison" for event in events):
            raise self.problem
        self.taken += events


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
@pytest.mark.parametrize("problem", [RejectedError("no"), StoreError("no"), KeyError("sdk"), RecursionError("no")])
def test_a_report_that_is_refused_does_not_take_others_along(cloud: str, problem: Exception) -> None:
    topic, log = Refusing(problem), list[str]()
    publisher: Publisher = topic  # type: ignore[assignment]
    TopicReporter(publisher, FixedClock(), "house", cloud, log=log.append).report(
        [report("before"), report("poison"), report("after")]
    )
    logged = [msgspec.json.decode(line) for line in log]
    messages = [line["event"]["data"]["message"] for line in logged]
    if isinstance(problem, RejectedError):
        assert ([event.data["message"] for event in topic.taken], messages) == (["before", "after"], ["poison"])
    else:  # it may have been taken in part, so all of it is in the log
        assert messages == ["before", "poison", "after"]
    assert {(line["severity"], line["because"]) for line in logged} == {("ERROR", str(problem))}
    assert {line["event"]["data"]["cloud"] for line in logged} == {cloud}
