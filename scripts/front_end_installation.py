"""An installation to be pictured: people, accounts, twins, runs and alerts, made through the API as by people."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploying_pictures import SLOW
from front_end_watching import bill, receivers, tell_people

from price_lists import REGION, replayed
from twin2multicloud.app.auth.access import user_principal
from twin2multicloud.app.auth.key_form import new_key
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.cli.definitions import given
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.db import migrate
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.schemas.connections import TwinConnections
from twin2multicloud.app.schemas.drafts import DraftInput
from twin2multicloud.app.schemas.keys import KeyInput
from twin2multicloud.app.schemas.people import RoleName
from twin2multicloud.app.schemas.placements import PlacementInput, ProposalInput
from twin2multicloud.app.schemas.runs import ENDED, Run, RunInput
from twin2multicloud.app.schemas.sandboxes import FaultInput
from twin2multicloud.app.schemas.twins import Twin, TwinInput
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.app.services import keys, people
from twin2multicloud.app.settings import read_settings
from twin2multicloud.sandbox.create import stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.probe import connect
from twin2multicloud.simulator.messages import Messages

PEOPLE: Final[tuple[tuple[str, str, RoleName], ...]] = (
    ("Mira Fessler", "mira.fessler@example.org", "owner"),
    ("Jonas Albrecht", "jonas.albrecht@example.org", "operator"),
    ("Sofia Lindqvist", "sofia.lindqvist@example.org", "operator"),
    ("Tomás Rey", "tomas.rey@example.org", "viewer"),
)
"""Name, address, and the role in the first workspace; the first one is who looks."""
ACCOUNTS: Final[tuple[dict[str, Any], ...]] = (
    {
        "provider": "aws",
        "name": "aws-twins-production",
        "config": {"account_id": "481516234200", "role_arn": "arn:aws:iam::481516234200:role/twin2multicloud"},
        "credentials": {"access_key_id": "AKIA" + "EXAMPLE0EXAMPLE0", "secret_access_key": "example+" * 5},
    },
    {
        "provider": "azure",
        "name": "azure-research",
        "config": {
            "subscription_id": "7d1c6b52-90ae-4f0c-8b7e-2f6a51c3d940",
            "tenant_id": "c2a4f7e8-1b35-4d69-a0f1-93be52d8c761",
            "client_id": "58e9b0d3-6c47-42fa-bd18-0a7c4e9f2d36",
        },
        "credentials": {"client_secret": "an-example-of-a-secret"},
    },
)
SPEED: Final = 30.0
"""Of the twin's clock, so that half an hour of its time passes in a minute."""
_RATE: Final = "25"
"""Messages per second: what its workload says, as much faster as the clock is."""
_BUILT_S: Final = 25
"""How long what is slow takes, so that a run can be pictured twice."""
_PATIENCE_S: Final = 300.0


@dataclass(frozen=True)
class Installation:
    """What there is, by id. `ready` is a twin that can be deployed; `waiting` is a run that awaits approval,
    `under_way` one that builds. `key` is that of who looks.
    """

    client: Client
    key: str
    running: str
    ready: str
    proposed: str
    draft: str
    waiting: str
    under_way: str
    moved: str


@contextmanager
def installation(data: Path) -> Iterator[Installation]:
    """All of it over `data`, while devices send; ended at the end."""
    token = _let_people_in(data)
    scenario = data.parent / "scenario.json"
    scenario.write_text(json.dumps({"delays": [{**each, "seconds": _BUILT_S} for each in SLOW["delays"]]}))
    with ExitStack() as stack:
        told = stack.enter_context(receivers())
        settings = {
            **told.settings,
            "T2M_STANDIN_SCENARIO": str(scenario),
            "T2M_PRICE_LISTS__AWS": stack.enter_context(replayed()),
            "T2M_METER_SECONDS": "10",
        }
        backend = stack.enter_context(ServerProcess(data, settings))
        client = stack.enter_context(_signed_in(backend, token))
        _share(client)
        house = _calm(_renamed("smart-home", "garden-lane", "A family home that tells about itself."))
        running = _proposed(client, house, **{"L1": "aws", "L2": "azure", "L3.hot": "azure", "L5": "aws"})
        layout = Layout(sandbox_directory(data, running.id))
        stack.callback(stop, layout)
        asked = RunInput(kind="deploy", target="sandbox", approve=True, speed=SPEED)
        ended(client, client.runs.create(running.id, asked))
        stack.enter_context(_devices(layout, _written(house, data.parent / "garden-lane")))
        facility = _proposed(client, given("industrial-facility"), L5="aws")
        campus = _renamed("smart-building", "campus-north", "Offices and laboratories of a campus.")
        building = _proposed(client, campus, **{"L1": "aws", "L2": "azure", "L3.archive": "gcp"})
        house_of_glass = _renamed("smart-home", "greenhouse", "Beds, vents and pumps under glass.")
        ready = _proposed(client, house_of_glass)
        ended(client, client.runs.create(running.id, RunInput(kind="verify")))
        ended(client, client.prices.refresh(providers=["aws"], regions=[REGION]))
        moved = client.runs.create(running.id, RunInput(kind="move", slot="L3.hot", to="gcp", approve=True))
        ended(client, moved)
        draft = client.drafts.create(_draft())
        _choose_accounts(client, ready)
        waiting = client.runs.create(facility.id, RunInput(kind="deploy", target="rehearsal"))
        until(lambda: client.runs.get(waiting.id).status == "awaiting-approval", "the plan")
        tell_people(client, running, told.webhook)
        _go_wrong(client, layout, running.id)
        bill(client, running)
        built = client.runs.create(building.id, RunInput(kind="deploy", target="rehearsal", approve=True))
        yield Installation(
            client,
            key=token,
            running=running.id,
            ready=ready.id,
            proposed=facility.id,
            draft=draft.id,
            waiting=waiting.id,
            under_way=built.id,
            moved=moved.id,
        )


def ended(client: Client, run: Run) -> Run:
    """The run when it has ended, as it should have."""
    until(lambda: client.runs.get(run.id).status in ENDED, f"the end of {run.kind}")
    found = client.runs.get(run.id)
    if found.status != "succeeded":
        sys.exit(f"{run.kind} {found.status}: {found.problem}")
    return found


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"never came: {what}")
        time.sleep(0.2)


def spoil(layout: Layout) -> None:
    """Let devices send what is no message, so that it is set aside."""
    for device, sent in (("climate-08", b"[21.5, 47]"), ("valve-03", b'{"temperature": 20.5'), ("plug-11", b"on")):
        connection = connect(layout.connection(), device)
        connection.send(sent)
        connection.close()


def overload(layout: Layout) -> None:
    """Let two sockets report more than they may carry, so that a rule fires."""
    for number, plug in enumerate(("plug-02", "plug-05")):
        clock = layout.config().clock
        now = clock.start + (time.time() - clock.wall) * clock.speed
        message = Messages(layout.spec(), waveforms=layout.waveforms()).message(plug, 1, now)
        device = connect(layout.connection(), plug)
        device.send(json.dumps({**message, "power": 3620.5 + 20 * number, "current": 15.8}).encode())
        device.close()


def _let_people_in(data: Path) -> str:
    """Before the server starts, since there is no provider here that could vouch for them; a key of the first one."""
    settings = read_settings(data=data)
    data.mkdir(parents=True)
    database = Database(settings.url)
    migrate.upgrade(database)
    database.close()
    token = new_key()
    with open_backend(settings) as backend, backend.database.write() as session:
        for name, address, _ in reversed(PEOPLE):
            first = (name, address) == PEOPLE[0][:2]
            subject = f"{people.LOCAL if first else 'uni|'}{name}"
            user = people.add_user(backend, session, subject=subject, email=address, name=name, first=first)
        asked = KeyInput(name="command line", scopes=["read", "write", "run", "admin"])
        keys.create(backend, session, user_principal(user, session=True), asked, token)
    return token


def _choose_accounts(client: Client, twin: Twin) -> None:
    found = {each.provider.value: each.id for each in client.connections.list(twin.workspace)}
    client.connections.choose(twin.id, TwinConnections.model_validate(found), twin.version)


@contextmanager
def _signed_in(backend: ServerProcess, token: str) -> Iterator[Client]:
    """Who looks, by a key of theirs; the local one is called after a directory of this machine, and goes."""
    with Client(Http(backend.client.http.url, key=token)) as client:
        client.keys.revoke(next(key.id for key in backend.client.keys.list() if ":" in key.name))
        yield client


def _share(client: Client) -> None:
    here = client.workspaces.find(None)
    for _, address, role in PEOPLE[1:]:
        client.workspaces.let_in(here, address, role)
    client.workspaces.rename(client.workspaces.get(here), "Building twins")
    for account in ACCOUNTS:
        client.connections.create(here, account)
    client.keys.create(KeyInput(name="nightly report", scopes=["read"], workspace=here, days=365))
    client.keys.create(KeyInput(name="deployment pipeline", scopes=["read", "write", "run"], workspace=here))


def _renamed(example: str, name: str, description: str) -> TwinInput:
    """An example under another name."""
    kept = given(example)
    lines = kept.source.splitlines()
    renamed = [
        f"name: {name}" if line.startswith("name: ") else
        f"description: {description}" if line.startswith("description: ") else line
        for line in lines
    ]  # fmt: skip
    return kept.model_copy(update={"source": "\n".join(renamed) + "\n"})


def _calm(definition: TwinInput) -> TwinInput:
    """A definition whose devices have no spikes: alerts would come, and lie over the pictures, as they like."""
    return definition.model_copy(update={"source": re.sub(r", spike_every: \w+, spike: \d+", "", definition.source)})


def _written(definition: TwinInput, folder: Path) -> Path:
    """A definition as files; the first of them."""
    main = folder / "twin.yaml"
    for path, text in {main.name: definition.source, **definition.files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return main


def _proposed(client: Client, definition: TwinInput, **overrides: str) -> Twin:
    """A twin that is placed as cheaply as can be, but for what somebody decided."""
    twin = client.twins.create(definition)
    found = client.twins.propose(twin.id, ProposalInput())
    placed = client.twins.place(twin.id, PlacementInput(optimization=found.id), twin.version).twin
    if overrides:
        placed = client.twins.place(twin.id, PlacementInput(overrides=overrides), placed.version).twin
    return placed


def _draft() -> DraftInput:
    library = _renamed("smart-home", "city-library", "Reading rooms, stacks and a café.")
    return DraftInput(
        title="City library", format=library.format, source=library.source, files=library.files, step="workload"
    )


@contextmanager
def _devices(layout: Layout, definition: Path) -> Iterator[None]:
    """The twin's devices, which send for as long as the block lasts."""
    keys = layout.directory / "connection.json"
    options = ("--rate", _RATE, "--duration", "60m")
    process = subprocess.Popen(
        [sys.executable, "-m", "twin2multicloud", "simulate", str(definition), "--keys", str(keys), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _go_wrong(client: Client, layout: Layout, twin: str) -> None:
    """What happens in a twin that runs: rules fire, a link is slow for a while; somebody looks after one of it."""
    client.operating.inject(twin, FaultInput(kind="throttle", target="telemetry", rate=0.1))
    overload(layout)
    spoil(layout)
    until(lambda: len(list(client.alerts.list(twin=twin))) > 3, "alerts")
    client.operating.clear_faults(twin)
    client.alerts.acknowledge(next(alert.id for alert in client.alerts.list(twin=twin) if alert.kind == "rule"))
