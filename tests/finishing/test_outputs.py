"""What the modules put out is what the steps take, for every offer: stacks applied with the stand-in providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.deployer.applied.applying import Applied
from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import NAMES
from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.deployer.devices.bundles import certificate_wanted, device_bundle
from twin2multicloud.deployer.devices.fleet import write_fleet
from twin2multicloud.deployer.finishing.places import DeployedPlaces, described
from twin2multicloud.deployer.finishing.planned import (
    azure_functions,
    planned_steps,
    stack_of,
)
from twin2multicloud.deployer.finishing.progress import HUB, TOPICS
from twin2multicloud.deployer.finishing.secrets import needed_secrets, own_grafana
from twin2multicloud.deployer.finishing.tools import CloudTools
from twin2multicloud.deployer.finishing.wiring import wires_of
from twin2multicloud.deployer.stacks import foundation_name
from twin2multicloud.model.slots import Provider, Slot

pytestmark = pytest.mark.slow
NOW = datetime.now(UTC)
AUTHORITY = Authority.make("test", NOW)


@pytest.fixture(scope="module", params=NAMES)
def applied(request: pytest.FixtureRequest, worlds: Worlds) -> Applied:
    return worlds(request.param)


def test_every_store_and_secret_is_opened(applied: Applied) -> None:
    deployed = applied.deployment
    sign_in = SignIn({}, azure=NobodysCredential(), google=AnonymousCredentials())  # type: ignore[no-untyped-call]
    places = DeployedPlaces(deployed, applied.outputs, sign_in=sign_in)
    for site in deployed.sites:
        assert places.secrets(site) is not None
    for slot in (Slot.HOT, Slot.COOL, Slot.ARCHIVE, Slot.MANAGEMENT):
        assert places.slot(slot).clock is not None
    config = places.slot(Slot.MANAGEMENT).config  # type: ignore[attr-defined]
    assert config.twin == deployed.spec.name
    places.close()


class NobodysCredential:
    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        raise AssertionError("nothing is asked for")


def test_every_link_has_a_url_and_every_step_its_stacks(applied: Applied) -> None:
    wires, waiting = wires_of(applied.deployment, applied.outputs)
    assert waiting == ()
    assert all(wire.url.startswith("https://") for wire in wires)
    assert all(step.needs <= applied.outputs.keys() for step in planned_steps(applied.deployment))


def test_every_device_gets_its_bundle(applied: Applied, tmp_path: Any) -> None:
    deployed = applied.deployment
    provider = deployed.site(Slot.ACQUISITION).provider
    devices = described(applied.outputs, stack_of(deployed, Slot.ACQUISITION), "devices")
    device = deployed.spec.device_names[0]
    identity = AUTHORITY.certify(device, NOW) if certificate_wanted(provider, devices) else None
    files = device_bundle(
        provider, deployed.spec.name, devices, device, identity=identity, secret=b"s" * 32, symmetric_key="a2V5"
    )
    told = files["connection.json"].decode()
    assert "://" in told
    assert "{device}" not in told
    if provider is Provider.AWS:
        assert write_fleet(tmp_path, deployed.spec.name, devices, [device], AUTHORITY, NOW) == 1


def test_what_the_steps_of_each_offer_read_is_there(applied: Applied) -> None:
    deployed, outputs = applied.deployment, applied.outputs
    steps = {step.name for step in planned_steps(deployed)}
    first = outputs[stack_of(deployed, Slot.ACQUISITION)]
    if HUB in steps:
        assert {"hub_id", "policy", "endpoint", "path"} <= first["hub_reader"].keys()
    if TOPICS in steps:
        environment = {"PUBSUB_EMULATOR_HOST": "127.0.0.1:9"}
        maker = CloudTools(deployed, outputs, environment).topics(first["devices"])
        assert maker.rights is not None
        assert maker.rights.member_of("d").startswith("principal://")
        assert maker.rights.sender.startswith("serviceAccount:")
        assert maker.paths("d")[0].startswith(f"projects/{maker.project}/topics/")
    for slot, functions in azure_functions(deployed).items():
        if functions:
            apps: Mapping[str, str] = outputs[stack_of(deployed, slot)]["apps"]
            assert apps.keys() == {function.component for function in functions}
    dashboards = outputs[stack_of(deployed, Slot.VISUALIZATION)]["dashboards"]
    assert dashboards["url"].startswith(("https://", "http://"))
    if not own_grafana(deployed) and deployed.site(Slot.VISUALIZATION).provider is Provider.AWS:
        assert {"workspace", "service_account"} <= dashboards.keys()


def test_the_foundations_make_the_secrets_that_are_written(applied: Applied) -> None:
    """A secret that were made by its first value alone would have no tags and no rights on it."""
    names = {
        str(resource.attributes.get("name") or resource.attributes.get("secret_id") or "")
        for resource in applied.world.resources
        if "secret" in resource.type
    }
    for secret in needed_secrets(applied.deployment):
        if foundation_name(secret.site) in applied.outputs:
            assert any(name.endswith(secret.name) for name in names), secret
