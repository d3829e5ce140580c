"""Which twin a command means: one that a backend keeps, or one that is deployed from a directory here.

Nothing is imported or opened here that a plain `plan smart-home` could do without.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.data_directory import DATABASE_FILE, DEFAULT_DATA
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.twins import Life, Target

_NEW: Final = frozenset({"plan", "deploy"})
"""What is done where nothing need be yet."""
_CALLED: Final = {"clouds": "its clouds", "sandbox": "its sandbox", "rehearsal": "a rehearsal"}
_OPTION: Final = {"clouds": "--target clouds", "sandbox": "--target sandbox", "rehearsal": "--offline"}


class Place(Enum):
    """Where a twin is looked for."""

    DIRECTORY = "directory"
    BACKEND = "backend"
    EITHER = "either"  # the embedded backend, if it keeps one of that name; else the directory


def names_file(twin: str) -> bool:
    """Whether a word names a file rather than a twin: standard input, a path, something with a suffix."""
    path = PurePath(twin)
    return twin == "-" or bool(path.suffix) or len(path.parts) != 1 or twin != path.name


def place_of(twin: str | None, *, directory: bool, asked: bool, server: Callable[[], bool]) -> Place:
    """Where the twin is looked for that a command names (None: it names none).

    `directory`: `--dir` was given; `asked`: `--server` or `--profile` was; `server`: whether the environment or the
    profile in use names a server, which is looked up only where it matters. `UsageError` where a backend was asked for
    and what was named cannot be kept by one.
    """
    file = twin is not None and (names_file(twin) or Path(twin).is_file())
    if asked:
        if directory:
            raise UsageError("--dir: a backend keeps its twins itself; give either --dir, or --server and --profile")
        if twin is None:
            raise UsageError("which twin of the backend's? Name it; `twin2multicloud twins list` shows them")
        if file:
            raise UsageError(
                f"{twin}: a backend knows twins by their names; `twin2multicloud twins create {twin}` keeps this one"
            )
        return Place.BACKEND
    if directory or twin is None or file:
        return Place.DIRECTORY
    return Place.BACKEND if server() else Place.EITHER


@dataclass(frozen=True)
class EmbeddedDatabase:
    """Where the embedded backend's database is, and its data directory."""

    url: str
    data: Path

    @property
    def file(self) -> Path | None:
        """The file that it is; None for one that a server looks after."""
        scheme, _, file = self.url.partition(":///")
        return Path(file) if scheme.startswith("sqlite") else None


def embedded_database() -> EmbeddedDatabase | None:
    """The embedded backend's database; None where there is none yet. One that is not a file counts as there.

    `UsageError` for settings that are not sound.
    """
    if os.environ.get("T2M_DATABASE_URL") or os.environ.get("T2M_CONFIG"):
        from twin2multicloud.app.settings import read_settings

        settings = read_settings()
        found = EmbeddedDatabase(settings.url, settings.data)
    else:
        data = Path(os.environ.get("T2M_DATA") or DEFAULT_DATA)
        found = EmbeddedDatabase(f"sqlite:///{data.resolve() / DATABASE_FILE}", data)
    return found if found.file is None or found.file.exists() else None


def target_said(target: str | None, *, offline: bool) -> Target | None:
    """The target that options name; None where they name none. `UsageError` where they contradict each other."""
    if offline and target == "sandbox":
        raise UsageError("--offline rehearses the clouds, and --target sandbox means none of them; give one of both")
    if offline:
        return "rehearsal"
    return "clouds" if target == "clouds" else "sandbox" if target == "sandbox" else None


def target_of(kind: str, name: str, life: Mapping[Target, Life], said: Target | None) -> Target:
    """The target that a command about a kept twin means: what was said; else where the twin is, if that is one place;
    else its clouds. `UsageError` where it is at several.
    """
    if said is not None:
        return said
    there = places(life)
    if kind in _NEW or not there:
        return "clouds"
    if len(there) > 1:
        where = " and ".join(_CALLED[target] for target in there)
        raise UsageError(
            f"'{name}' is in {where}; say which is meant: {', '.join(_OPTION[target] for target in there)}"
        )
    return there[0]


def places(life: Mapping[Target, Life]) -> list[Target]:
    """The targets where there is something of a twin."""
    order: tuple[Target, ...] = ("clouds", "sandbox", "rehearsal")
    return [target for target in order if life.get(target, "draft") != "draft"]
