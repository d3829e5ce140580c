"""What is told about operating is what the code does; the files for containers name only what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from twin2multicloud.app.auth.hosts import own_hosts
from twin2multicloud.app.cli.main import app
from twin2multicloud.app.runs.children import Manners
from twin2multicloud.app.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text()
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "database"}


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = dict(re.findall(r"^\| `([a-z_.]+)` \| (?:`([^`]*)`|–) \|", PAGE, re.M))
    there: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        if name in ("limits", "streams", "front_end", "smtp", "webhooks", "checks", "price_lists"):
            there |= {f"{name}.{each}": "" if value in ((), None) else str(value) for each, value in field.default}
        else:
            empty = field.default in (None, (), {}) or isinstance(field.default, BaseModel)
            there[name] = "" if empty else str(field.default)
    assert told == there


def test_the_time_to_end_is_longer_than_runs_take_to_end() -> None:
    assert Manners().grace_s < 360
    assert "TimeoutStopSec=360" in PAGE
    assert COMPOSE["services"]["server"]["stop_grace_period"] == "360s"


def test_settings_of_the_containers_exist() -> None:
    names = set(re.findall(r"\bT2M_[A-Z_]+", CONTAINERFILE))
    for service in OURS.values():
        names |= set(service["environment"])
    known = {f"T2M_{name.upper()}" for name in Settings.model_fields} | {"T2M_CONFIG"}
    assert {name.removesuffix("_FILE") for name in names} <= known
    read = re.search(r"for name in (.*); do", (DEPLOY / "entrypoint.sh").read_text())
    assert read is not None
    files = {name.removesuffix("_FILE") for name in names if name.endswith("_FILE")}
    assert files <= set(read[1].split()) <= known


def test_files_and_commands_of_the_containers_exist() -> None:
    for line in re.findall(r"^COPY (?!--from)(.*)$", CONTAINERFILE, re.M):
        for source in [part for part in line.split()[:-1] if not part.startswith("--")]:
            assert (ROOT / source).exists(), source
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"--extra (\w+)", CONTAINERFILE)) <= set(extras)
    assert set(OURS) == {"server", "optimizer"}
    for service in OURS.values():
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
        program, command, *options = service["command"]
        assert program == "twin2multicloud"
        # Read as the command line reads it: unknown options and values are refused.
        get_command(app).commands[command].make_context(command, options)  # type: ignore[attr-defined]
    assert '["twin2multicloud", "serve"]' in CONTAINERFILE
    assert "/health/ready" in CONTAINERFILE
    assert re.search(r"^USER twins$", CONTAINERFILE, re.M)


def test_no_password_is_given_and_every_secret_is_a_file() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        for setting, value in service["environment"].items():
            if re.search("PASSWORD|TOKEN|DATABASE_URL", setting):
                assert setting.endswith("_FILE"), (name, setting)
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text()
    for volume in ("data", "database"):
        assert volume in COMPOSE["volumes"]


def test_what_an_image_is_built_from_is_let_in() -> None:
    let_in = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert let_in == {"LICENSE", "README.md", "pyproject.toml", "uv.lock", "src", "deploy/entrypoint.sh"}


def test_the_optimizer_of_the_containers_can_be_called_by_what_others_call_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settings as the image and the compose file make them: refused where they would let strangers in, or nobody."""
    image = re.search(r"^  (T2M_DATA=.*)$", CONTAINERFILE, re.M)
    assert image is not None
    for name, value in (part.split("=", 1) for part in image[1].split()):
        monkeypatch.setenv(name, value)
    for name, value in OURS["optimizer"]["environment"].items():
        monkeypatch.setenv(
            name.removesuffix("_FILE"), value if not name.endswith("_FILE") else "a-secret-of-many-characters"
        )
    settings = read_settings(only=OURS["optimizer"]["command"][-1])
    assert "optimizer:8080" in own_hosts(settings)
    assert settings.optimizer_token is not None


def test_the_service_leaves_sandboxes_alone() -> None:
    unit = re.search(r"## systemd\n```\n(.*?)```", PAGE, re.S)
    assert unit is not None
    known = dict(line.split("=", 1) for line in unit[1].splitlines() if "=" in line and not line.startswith("#"))
    assert known["KillMode"] == "process"
    assert get_command(app).commands["serve"].make_context("serve", known["ExecStart"].split()[2:])  # type: ignore[attr-defined]
