"""Why a run could not be made at all. What a run itself meets is in its outcome."""

from __future__ import annotations

from twin2multicloud.model.errors import Twin2MultiCloudError


class EngineError(Twin2MultiCloudError):
    """The engine cannot do what is asked of it (exit code 7)."""

    exit_code = 7


class NoCoreError(EngineError):
    """There is neither OpenTofu nor Terraform of a version that we can use."""


class WorkDirectoryError(EngineError):
    """The stack's work directory cannot be used, for instance since another run is in it."""


class CommandError(EngineError):
    """A command that only reads did not succeed; `words` are Terraform's own, without secrets."""

    def __init__(self, what: str, words: str) -> None:
        self.words = words
        super().__init__(f"{what}: {words}")
