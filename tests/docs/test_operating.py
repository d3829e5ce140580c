"""What is told about operating is what the code does; the files for containers name only what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from typer.main import get_command

from twin2multicloud.app.cli.main import app
from twin2multicloud.app.runs.children import Manners
from twin2multicloud.app.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text()
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = dict(re.findall(r"^\| `([a-z_.]+)` \| (?:`([^`]*)`|–) \|", PAGE, re.M))
    there: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        if name in ("limits", "streams"):
            there |= {f"{name}.{each}": str(value) for each, value in field.default}
        else:
            empty = field.default in (None, (), {}) or isinstance(field.default, BaseModel)
            there[name] = "" if empty else str(field.default)
    assert told == there


def test_the_time_to_end_is_longer_than_runs_take_to_end() -> None:
    assert Manners().grace_s < 360
    assert "TimeoutStopSec=360" in PAGE
    assert COMPOSE["services"]["server"]["stop_grace_period"] == "360s"


def test_settings_of_the_containers_exist() -> None:
    names = set(re.findall(r"\bT2M_[A-Z_]+", CONTAINERFILE)) | set(COMPOSE["services"]["server"]["environment"])
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
    build = COMPOSE["services"]["server"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
    program, command, *options = COMPOSE["services"]["server"]["command"]
    serve = get_command(app).commands[command]  # type: ignore[attr-defined]
    known = {name for parameter in serve.params for name in parameter.opts}
    assert program == "twin2multicloud"
    assert {each for each in options if each.startswith("--")} <= known
    assert '["twin2multicloud", "serve"]' in CONTAINERFILE
    assert "/health/ready" in CONTAINERFILE
    assert re.search(r"^USER twins$", CONTAINERFILE, re.M)


def test_no_password_is_given_and_every_secret_is_a_file() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        for setting, value in service["environment"].items():
            if re.search("PASSWORD|TOKEN|URL", setting):
                assert setting.endswith("_FILE"), (name, setting)
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text()
    for volume in ("data", "database"):
        assert volume in COMPOSE["volumes"]


def test_what_an_image_is_built_from_is_let_in() -> None:
    let_in = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert let_in == {"LICENSE", "README.md", "pyproject.toml", "uv.lock", "src", "deploy/entrypoint.sh"}
