"""Messages per second, put together from what each cloud samples about once a second."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from tests.app.backends import Site
from twin2multicloud.app.services import rates as service
from twin2multicloud.sandbox.watching.pulse import Beat

NOW = 1_795_000_010.5


def beats(*moments: float) -> list[Beat]:
    return [Beat(NOW - 0.5 + moment, 20.0, 0.0, 0.0) for moment in moments]


def test_a_sample_that_comes_a_moment_late_is_no_gap(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # The one that was due at -4 came at -3.9, in the same step as the one of -3; azure has been there for 3 s only.
    answer = {"aws": beats(-6, -5, -3.9, -3, -2, -1, 0), "azure": beats(-2, -1, 0)}
    told = SimpleNamespace(answer=answer, problem="", twin_time=None, speed=1.0)
    monkeypatch.setattr(service, "ask", lambda *_: told)
    monkeypatch.setattr(time, "time", lambda: NOW)
    found = service.rates(sqlite_site.backend, "twn_1", "sandbox", 10)
    assert found.clouds["aws"].messages == [None, None, None, 20, 20, 20, 20, 20, 20, 20]
    assert found.total.messages == [None, None, None, 20, 20, 20, 20, 40, 40, 40]
