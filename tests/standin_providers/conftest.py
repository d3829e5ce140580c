"""Stand-ins that are served while a test, or a file of tests, runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.standin_providers.terraform import Terraform
from twin2multicloud import standin

CLOUDS = ("aws", "azurerm", "google")

Attach = Callable[..., Terraform]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return tmp_path / "world"


@pytest.fixture
def attach(tmp_path: Path, world: Path) -> Iterator[Attach]:
    """Gives a Terraform, ready to plan a configuration, whose providers stand in for the clouds of `world`."""
    with ExitStack() as stack:

        def make(
            text: str, scenario: standin.Scenario | None = None, name: str = "work", at: Path | None = world
        ) -> Terraform:
            variables = stack.enter_context(standin.serve(at, scenario, CLOUDS))
            terraform = Terraform(tmp_path / name, variables)
            terraform.write(text)
            (terraform.directory / "code.zip").write_bytes(b"code")
            return terraform.init()

        yield make
