"""The backend in a command's own process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.app.backends import TWIN
from twin2multicloud.app.embedded import embedded
from twin2multicloud.app.schemas.placements import ProposalInput
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.app.settings import read_settings


def test_a_command_optimizes_without_another_process(
    tmp_path: Path, sqlite_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a process was begun")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    settings = read_settings(data=tmp_path / "data", database_url=sqlite_file, optimizer_processes=2)
    with embedded(settings) as client:
        twin = client.twins.create(TwinInput(source=TWIN))
        assert client.twins.propose(twin.id, ProposalInput()).usd_per_month > 0
