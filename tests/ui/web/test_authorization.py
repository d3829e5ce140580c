"""What the front end adds to what is served, asked by everybody: an address without a row here fails the test."""

from __future__ import annotations

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from tests.ui.web.rig import Place
from twin2multicloud.app import serving
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.front_end.mounted import FrontEndRoute

ROWS = {"/twins": "session", "/ui/ws": "session", "/ui/{version}/start.js": "public"}
"""What is there, and who gets it. The rest of what it answers is one of these."""


def test_it_adds_one_route_to_those_of_the_api(there: Place) -> None:
    added = there.app.router.routes[len(create_app(there.site.backend).router.routes) :]
    assert [type(route) for route in added] == [FrontEndRoute]
    assert added[0].path == "/{page}", "figures and logs know no addresses of people's"


def test_a_part_that_is_served_alone_has_none_of_it(there: Place) -> None:
    app = create_app(there.site.backend)
    before = list(app.router.routes)
    with serving.front_end(app, there.settings.model_copy(update={"only": "deployer"})) as (whole, listeners):
        assert (whole, listeners, app.router.routes) == (app, [], before)


def test_who_gets_what(there: Place) -> None:
    olga = there.site.person("olga")
    cookie = there.cookie(there.sign_in(olga))
    with there.http(cookie) as browser, there.http() as anybody:
        base = browser.get("/").text.partition('data-base="')[2].partition('"')[0]
        with_key = {"Authorization": f"Bearer {olga.token}"}
        for path, who in ROWS.items():
            address = path.replace("/ui/{version}/", base)
            if path == "/ui/ws":
                with there.window(cookie) as window:
                    assert window.register().session_id
                for headers in ({}, with_key):
                    with there.window("", **headers) as window:
                        assert window.code() == 4401, "keys are for programs"
                with pytest.raises(InvalidStatus):
                    there.window(cookie, origin="http://evil.example")
                continue
            assert browser.get(address).status_code == 200
            assert _status(anybody, address) == (303 if who == "session" else 200)
            assert _status(anybody, address, **with_key) == (303 if who == "session" else 200)
            assert olga.user_id not in browser.get(address).text


def _status(http: httpx2.Client, path: str, **headers: str) -> int:
    return http.get(path, headers=headers).status_code
