"""A stack's own directory: a copy of what was rendered, Terraform's data, and what it could not save."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import quote

from twin2multicloud.deployer.engine.errors import WorkDirectoryError
from twin2multicloud.held import HeldFile, holder_id

LOCK_FILE: Final = ".terraform.lock.hcl"
ERRORED: Final = "errored.tfstate"
_OVERRIDE: Final = "state_override.tf.json"
_KEPT: Final = (".terraform", LOCK_FILE, ERRORED, _OVERRIDE)
_NOT_COPIED: Final = (".terraform", "*.tfstate", "*.tfstate.*")
_POLL_S: Final = 0.05


class WorkDirectory:
    """The directory of one stack. `module` is where Terraform runs."""

    def __init__(self, root: Path, stack: str) -> None:
        self.stack = stack
        # One name, whatever is in it: a stack `a/module` is not within the directory of a stack `a`.
        self.path = root / quote(stack, safe="")
        self.module = self.path / "module"
        self.home = self.path / "home"
        self.plan_file = self.path / "plan.tfplan"
        self.held_file = self.path / "held"

    async def hold(self, wait_s: float) -> HeldFile:
        """Keep every other run out of the directory, waiting at most so long; `WorkDirectoryError` names who is in."""
        waited = 0.0
        while (held := HeldFile.take(self.held_file)) is None:
            if waited >= wait_s:
                raise WorkDirectoryError(f"{self.stack}: another run is in {self.path}{_advice(self.held_file)}")
            await asyncio.sleep(_POLL_S)
            waited += _POLL_S
        return held

    def prepare(self, source: Path | None) -> None:
        """Make the module directory the same as `source`, which must not lead outside itself. None leaves it as it is.

        Terraform's own data stays, so that a second `init` finds its providers; so does a state that was not saved.
        """
        if source is None:
            if not self.module.is_dir():
                raise WorkDirectoryError(f"{self.stack}: {self.path} has no code of an earlier run; render it first")
            return
        if not source.is_dir():
            raise WorkDirectoryError(
                f"{self.stack}: {source} is no directory with infrastructure code; render it first"
            )
        self.module.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for entry in self.module.iterdir():
            if entry.name not in _KEPT:
                _remove(entry)
        shutil.copytree(source, self.module, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        # Where the state is kept is the engine's affair: code that is exported says nothing of it.
        (self.module / _OVERRIDE).write_text(json.dumps({"terraform": {"backend": {"http": {}}}}))

    @property
    def unsaved(self) -> Path | None:
        """The state that Terraform could not hand to the store, if there is one."""
        file = self.module / ERRORED
        return file if file.exists() else None


def _advice(held_file: Path) -> str:
    owner = holder_id(held_file)
    if owner is not None and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
        return f"; process {owner}, which began it, has died, and Terraform is saving the state: try again in a moment"
    return f" (begun by process {owner}); wait for it, or stop it"


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
