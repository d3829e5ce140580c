"""The target that a run names."""

from __future__ import annotations

from twin2multicloud.app.runs.work import Target


def find_target(name: str) -> Target:
    """The target of that name; what only one of them needs is imported for that one."""
    if name == "sandbox":
        from twin2multicloud.app.runs.targets.sandbox import SandboxTarget

        return SandboxTarget()
    from twin2multicloud.app.runs.targets.clouds import CloudsTarget

    return CloudsTarget(offline=name == "rehearsal")
