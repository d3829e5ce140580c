"""Every kind of error, from the injected fault to those who are told: by the stream, a webhook and e-mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from benchmarks.alerts import Trouble, troubled

from twin2multicloud.runtime.failures import ErrorKind

_MOST_S = 15.0
"""Generous: beside other tests the two cores are not this one's alone. `python -m benchmarks.alerts` measures."""


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trouble]:
    with troubled(tmp_path_factory.mktemp("troubled")) as made:
        yield made


@pytest.mark.slow
def test_every_kind_of_error_reaches_everybody(trouble: Trouble) -> None:
    assert set(trouble.causes) == set(ErrorKind), "a kind that nothing causes here"
    for kind in ErrorKind:
        found = trouble.measure(kind)
        assert found.kind == kind
        assert 0 <= found.told_s < _MOST_S, found
