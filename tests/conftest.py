"""Rules for the whole suite."""

from __future__ import annotations

import gc
import os
import re
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import postgres, postgres_url

# An example that takes long on a busy machine is no failure: tests do not time anything.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

__all__ = ["postgres", "postgres_url"]

ALLOWED = "stand-in missing:"
SLOW = re.compile(r"^pytestmark = .*\bmark\.slow\b", re.MULTILINE)
"""What a module says all of whose tests are slow."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run of the slow tests alone does not import the modules that have none, and one of the others not those that
    have nothing else: that is half of what collecting costs, and each worker collects by itself.
    """
    if config.option.markexpr in ("slow", "not slow") and collection_path.match("test_*.py"):
        source = collection_path.read_text("utf-8")
        here = SLOW.search(source) is None if config.option.markexpr == "not slow" else "mark.slow" in source
        return None if here else True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a cloud's adapters stay on one worker: each that has some starts that cloud's stand-ins for itself."""
    for item in items:
        cloud = re.match(r"test_(aws|azure|gcp)_", item.path.name)
        if cloud and item.path.parent.name in ("contracts", "entry") and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(f"stand-ins of {cloud[1]}"))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through it for garbage took a seventh of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI everything a test needs must be there: a skip is a failure.

    Only a stand-in for a cloud that a machine cannot obtain may be missing; the reason then begins with `ALLOWED`.
    """
    report = yield
    allowed = f"Skipped: {ALLOWED}" in str(report.longrepr)
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail") and not allowed:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.fixture
def chromium() -> str:
    """The browser's command; without one the test is skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine (`make tools` or `apt-get install chromium` brings one)")
    return found
