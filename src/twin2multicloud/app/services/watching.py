"""Asking what runs of a twin, for pages that also work where nothing does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import ConflictError, UnavailableError
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import DeviceValue
from twin2multicloud.app.services.sandboxes import moment, sandbox_of
from twin2multicloud.sandbox.client import NotDeployedError, SandboxClient
from twin2multicloud.sandbox.watching.client import AWAY, WatchClient

T = TypeVar("T")


@dataclass(frozen=True)
class Told(Generic[T]):
    """An answer and the twin's time, or what stands in the way of one. `speed` is that of the twin's clock."""

    answer: T | None
    problem: str = ""
    now: float | None = None
    speed: float | None = None

    @property
    def twin_time(self) -> datetime | None:
        """The twin's time."""
        return moment(self.now)


def ask(backend: Backend, twin_id: str, target: Target, question: Callable[[WatchClient], T]) -> Told[T]:
    """Ask what pages ask a twin's sandbox; as `ask_sandbox`."""
    return ask_sandbox(backend, twin_id, target, lambda client: question(WatchClient(client)))


def ask_sandbox(backend: Backend, twin_id: str, target: Target, question: Callable[[SandboxClient], T]) -> Told[T]:
    """Ask a twin's sandbox. Never fails for what is not there or does not answer: that is told as a problem."""
    if target != "sandbox":
        return Told(None, f"values of twins in {target} are not read from here; its own dashboards show them")
    try:
        client = sandbox_of(backend, twin_id)
        clock = client.config.clock
        answer = question(client)
    except ConflictError:
        return Told(None, "it is not deployed in a sandbox here")
    except (UnavailableError, NotDeployedError) as error:
        return Told(None, str(error))
    except AWAY as error:
        return Told(None, f"its sandbox does not answer: {error}")
    return Told(answer, "", clock.at(time.time()), clock.speed)


def values(data: object, units: Mapping[str, str]) -> dict[str, DeviceValue]:
    """A message's fields with their units."""
    if not isinstance(data, dict):
        return {}
    return {str(name): DeviceValue(value=value, unit=units.get(name, "")) for name, value in data.items()}


def text_moment(text: str | None) -> datetime | None:
    """A moment as the stores write it; None for no text."""
    return datetime.fromisoformat(text) if text else None
