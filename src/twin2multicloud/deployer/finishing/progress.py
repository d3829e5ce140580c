"""What a step says while it works, and how it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import msgspec

from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.runtime.failures import RejectedError, StoreError

SECRETS: Final = "secrets"
HUB: Final = "hub's endpoint"
WIRING: Final = "wiring"
APPS: Final = "function apps"
REGISTRY: Final = "device registry"
TOPICS: Final = "command topics"
GRAPH: Final = "graph"
DASHBOARDS: Final = "dashboards"
ROTATION: Final = "rotate-keys"
"""The names of the steps."""


class StepProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a step did. `done` of `total` things are finished; 0 of 0 where nothing is counted."""

    step: str
    text: str
    done: int = 0
    total: int = 0


Report: TypeAlias = Callable[[StepProgress], None]
"""Is told of progress."""


class StepError(Twin2MultiCloudError):
    """A step that could not be finished. What it had done stays, and running it again does the rest (exit code 6)."""

    exit_code = 6

    def __init__(self, step: str, problem: str) -> None:
        super().__init__(f"{step}: {problem}")
        self.step = step


@contextmanager
def failing_as(step: str) -> Iterator[None]:
    """Turn what the adapters raise into a `StepError` of that step."""
    try:
        yield
    except (StoreError, RejectedError) as error:
        raise StepError(step, str(error)) from error
