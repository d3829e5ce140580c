"""Function apps are woken through the Resource Manager, here a fake of the two requests that this takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from tests.standins.azure.rig import Certificates, make_certificates, serving
from twin2multicloud.deployer.credentials.arm import Arm
from twin2multicloud.deployer.finishing.function_apps import wake_apps
from twin2multicloud.deployer.finishing.progress import StepError, StepProgress

SITES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites"


class FakeSites:
    """Remembers what was asked; refuses apps by name."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuse: dict[str, int] = {}
        self.settings: dict[str, dict[str, str]] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(f"{SITES}/{{name}}/{{path:.*}}", self._post)
        app.router.add_put(f"{SITES}/{{name}}/config/appsettings", self._put)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        assert request.query["api-version"] == "2022-03-01"
        name, path = request.match_info["name"], request.match_info["path"]
        self.asked.append(f"{name} {path.rpartition('/')[2]}")
        if name in self.refuse:
            error = {"error": {"code": "AuthorizationFailed", "message": "by the fake"}}
            return web.json_response(error, status=self.refuse[name])
        if path.endswith("list"):
            return web.json_response({"properties": self.settings.get(name, {})})
        return web.Response(status=204)

    async def _put(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(f"{name} put")
        self.settings[name] = (await request.json())["properties"]
        return web.json_response({"properties": self.settings[name]})


class Known:
    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken("token", 4_000_000_000)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("sites"))


@pytest.fixture
def sites() -> FakeSites:
    return FakeSites()


@pytest.fixture
def arm(sites: FakeSites, certificates: Certificates) -> Iterator[Arm]:
    with serving(sites.app(), certificates.context()) as (_loop, port):
        made = Arm(Known(), endpoint=f"https://localhost:{port}", verify=str(certificates.authority), attempts=1)
        yield made
        made.close()


def test_apps_are_told_and_those_that_refer_to_a_secret_read_it_first(sites: FakeSites, arm: Arm) -> None:
    said: list[StepProgress] = []
    apps = {"process": f"{SITES}/app-process", "history": f"{SITES}/app-history"}
    assert wake_apps(apps, {"process"}, arm, said.append) == 2
    assert [each for each in sites.asked if not each.endswith("list")] == [
        "app-history syncfunctiontriggers",
        "app-process refresh",
        "app-process syncfunctiontriggers",
    ]
    assert [(each.done, each.total) for each in said] == [(1, 2), (2, 2)]


def test_an_app_with_an_identity_keeps_no_connection_string(sites: FakeSites, arm: Arm) -> None:
    identity = {"AzureWebJobsStorage__accountName": "account", "T2M_CONFIG": "{}"}
    sites.settings = {"app-flex": {"AzureWebJobsStorage": "AccountKey=", **identity}, "app-other": dict(identity)}
    wake_apps({"flex": f"{SITES}/app-flex", "other": f"{SITES}/app-other"}, (), arm, lambda _progress: None)
    assert sites.settings == {"app-flex": identity, "app-other": identity}
    assert [each for each in sites.asked if each.endswith("put")] == ["app-flex put"]
    assert sites.asked.index("app-flex put") < sites.asked.index("app-flex syncfunctiontriggers")


def test_one_that_cannot_be_told_keeps_no_other_from_it(sites: FakeSites, arm: Arm) -> None:
    sites.refuse["app-a"] = 403
    with pytest.raises(StepError, match=r"a: AuthorizationFailed.*syncfunctiontriggers/action"):
        wake_apps({"a": f"{SITES}/app-a", "b": f"{SITES}/app-b"}, (), arm, lambda _progress: None)
    assert "app-b syncfunctiontriggers" in sites.asked


def test_without_apps_there_is_nothing_to_do(sites: FakeSites, arm: Arm) -> None:
    assert wake_apps({}, (), arm, lambda _progress: None) == 0
    assert sites.asked == []
