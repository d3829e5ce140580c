"""Where `check --against` finds the revision before: in a file, in git's history, or deployed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.optimizing.reading import Asked, read_placement
from twin2multicloud.app.optimizing.twins import asked_of, deployable
from twin2multicloud.app.revisions.comparing import Revision
from twin2multicloud.app.schemas.questions import ConstraintOptions
from twin2multicloud.model.documents import SUFFIXES, WorkloadDocument, parse_workload
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.runs import RunSummary

DEPLOYED: Final = "deployed"
"""`deployed` alone means the twin of the same name."""
_TIMEOUT_S: Final = 60.0

Connect = Callable[[], AbstractContextManager["Client"]]


def is_deployed(against: str) -> bool:
    """Whether the twin that is deployed is meant, rather than a file or a revision."""
    word, _, _ = against.partition(":")
    return word == DEPLOYED and not Path(against).is_file()


def asked(document: WorkloadDocument) -> Asked:
    """The question that a twin's text asks: what could be deployed of it, as cheaply as can be."""
    constraints = deployable(document.constraints, ConstraintOptions())
    return Asked(document.workload, constraints, document.assumptions, "")


def revision_before(against: str) -> Revision:
    """The revision in a file, at `REV:path` in git's history, or a built-in twin. `UsageError` where git knows none."""
    rev, colon, path = against.partition(":")
    if colon and not Path(against).is_file():
        content = _from_git(rev, path)
        document = parse_workload(content, printable(against), SUFFIXES.get(PurePosixPath(path).suffix.lower()))
        return Revision(against, asked(document))
    from twin2multicloud.app.cli.check import read_twin

    twin = read_twin(against)
    return Revision(against, asked(WorkloadDocument(against, twin.workload, twin.constraints, twin.assumptions)))


def _from_git(rev: str, path: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise UsageError(f"--against {rev}:{path}: git is not installed, and there is no such file")
    if not rev or not path or rev.startswith("-"):
        raise UsageError(f"--against {printable(rev)}:{printable(path)}: write REV:path, such as main:twin.yaml")
    name = f"{rev}:{path}"
    found = subprocess.run(  # noqa: S603  one word to git, which is no option
        [git, "cat-file", "blob", name], capture_output=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
    )
    if found.returncode == 0:
        return found.stdout
    said = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
    beside = f"; a path counts from the repository's root, ./{path} from here" if Path(path).exists() else ""
    raise UsageError(f"--against {printable(name)}: git has no such file: {printable(said)}{beside}")


def deployed_revision(client: Client, against: str, name: str) -> Revision:
    """The version of a kept twin that is deployed, with the placement that it has there; the one in its clouds, if it
    is in several places. `UsageError` where nothing of it is.
    """
    twin = client.twins.get(client.twins.find(against.partition(":")[2] or name))
    target = next(
        (each for each in ("clouds", "sandbox", "rehearsal") if twin.life.get(each, "draft") != "draft"), None
    )
    runs = [] if target is None else [run for run in _changes(client, twin.id) if run.target == target]
    deployed = next((run for run in runs if run.kind != "move" and run.version is not None), None)
    if deployed is None or deployed.version is None:
        raise UsageError(f"--against {against}: '{twin.name}' is deployed nowhere; compare with a file or a revision")
    version = client.twins.version(twin.id, deployed.version)
    placement = version.placement
    moved = next((run for run in runs if run.kind == "move" and run.number > deployed.number), None)
    if moved is not None:
        placement = (client.runs.get(moved.id).result or {}).get("placement", placement)
    if placement is None:
        raise UsageError(f"--against {against}: version {version.number} of '{twin.name}' has no placement")
    kept = Kept(version.source, version.format, placement, version.overrides)
    where = "its clouds" if target == "clouds" else f"a {target}"
    return Revision(f"{twin.name} version {version.number} in {where}", asked_of(kept), read_placement(placement))


def _changes(client: Client, twin: str) -> list[RunSummary]:
    return list(client.runs.list(twin=twin, status=["succeeded"], kind=["deploy", "redeploy", "move"]))
