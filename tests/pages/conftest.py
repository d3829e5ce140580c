"""The demo twin served, and one browser for a module's tests."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.pages.browser import Browser
from tests.pages.demo_data import Demo, demo_site, demo_spec, demo_status, served
from twin2multicloud.sandbox.status import status_json


@dataclass
class Site:
    """The demo's pages below `url`. Tests change `demo` and `status` as they need."""

    url: str
    demo: Demo
    status: Callable[[], dict[str, Any]] = field(default=lambda: status_json(demo_status(time.time())))


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site("", Demo(demo_spec()))
    with served(demo_site(site.demo, lambda: site.status())) as url:
        site.url = url
        yield site


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    # The suite's own `chromium` fixture lives for one test; a browser's start is worth sharing.
    command = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if command is None:
        pytest.skip("no chromium on this machine (`apt-get install chromium` brings one)")
    with Browser(command, tmp_path_factory.mktemp("browser")) as browser:
        yield browser
