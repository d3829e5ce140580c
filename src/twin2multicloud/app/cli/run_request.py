"""What is asked of a run, as options say it and as the API takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.runs import RunInput

_FLAGS = ("resume", "abort", "discard_data", "refresh", "at_once")


@dataclass(frozen=True)
class StartRequest:
    """What was asked for. `detach`: only ask, do not watch; `yes`: agree beforehand; `brief`: plans in short."""

    kind: str
    twin: str
    target: str
    version: int | None = None
    slots: tuple[str, ...] = ()
    to: str | None = None
    resume: bool = False
    abort: bool = False
    discard_data: bool = False
    refresh: bool = False
    at_once: bool = False
    owner: str | None = None
    users: tuple[str, ...] = ()
    log_retention_days: int | None = None
    speed: float | None = None
    devices: int | None = None
    detach: bool = False
    yes: bool = False
    brief: bool = False
    json_output: bool = False

    def body(self) -> RunInput:
        """As the API takes it. `UsageError` for options that do not go together."""
        from pydantic import ValidationError

        from twin2multicloud.app.cli.slots import chosen_slots
        from twin2multicloud.app.schemas.runs import RunInput

        given: dict[str, Any] = {
            "kind": self.kind,
            "target": self.target,
            "version": self.version,
            "to": self.to,
            "owner": self.owner,
            "log_retention_days": self.log_retention_days,
            "speed": self.speed,
            "devices": self.devices,
            **{name: True for name in _FLAGS if getattr(self, name)},
        }
        if self.users:
            given["users"] = list(self.users)
        if self.yes:
            given["approve"] = True
        slots = chosen_slots(self.slots)
        if self.kind == "move" and slots:
            if len(slots) > 1:
                raise UsageError(f"one slot moves at a time, not {', '.join(slots)}; give --slot once")
            given["slot"] = slots[0]
        elif slots:
            given["slots"] = list(slots)
        try:
            return RunInput.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            wrong = [
                f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}".removeprefix(": ")
                for each in error.errors(include_url=False)
            ]
            raise UsageError("; ".join(wrong).replace("Value error, ", "")) from error
