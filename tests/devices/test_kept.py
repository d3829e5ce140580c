"""Secrets of a deployment in files: whole, private, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin2multicloud.deployer.devices.kept import KeptFiles
from twin2multicloud.model.errors import UsageError


def test_only_the_owner_reads_what_is_kept(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path / "devices")
    assert kept.read("authority.key") is None
    kept.write("authority.key", b"one")
    kept.write("authority.key", b"two")
    assert kept.read("authority.key") == b"two"
    assert [(file.name, file.stat().st_mode & 0o777) for file in kept.directory.iterdir()] == [("authority.key", 0o600)]
    assert kept.directory.stat().st_mode & 0o777 == 0o700


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path)
    kept.write("authority.key", b"one")
    (tmp_path / "authority.key").chmod(0o644)
    with pytest.raises(UsageError, match=r"authority.key can be read by others \(mode 644\)"):
        kept.read("authority.key")


@pytest.mark.parametrize("name", ["../authority.key", "", "A", "a/b", ".hidden"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a secret"):
        KeptFiles(tmp_path).write(name, b"")
