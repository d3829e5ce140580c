"""A front end of one small page, served; browsers on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import sqlite_file, sqlite_template
from tests.ui.browser import browser, heard, tab
from tests.ui.web.rig import Place, place

__all__ = ["browser", "heard", "sqlite_file", "sqlite_template", "tab"]


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are compressed once for all tests, in all of pytest's processes, and nowhere else than theirs."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    monkeypatch.setenv("T2M_CACHE", str(shared / "cache"))


@pytest.fixture
def there(tmp_path: Path, sqlite_file: str) -> Iterator[Place]:
    """The installation."""
    with place(tmp_path / "data", sqlite_file) as found:
        yield found
