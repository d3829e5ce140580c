"""Servers that a person works with, and their keys: `profiles.toml`, readable by its owner only."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from twin2multicloud.model.errors import UsageError
from twin2multicloud.private_files import write_private

_NAME_HELP: Final = "letters, digits, - and _"


@dataclass(frozen=True)
class Profile:
    """A server and the key for it. `expires_at` is when the key ends, as the server said when it was given; None where
    it did not say, or the key does not end.
    """

    name: str
    server: str
    key: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Profiles:
    """All profiles, and the name of the one in use ("" for none: the backend in this process)."""

    current: str = ""
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def named(self, name: str) -> Profile:
        """A profile; `UsageError` without it."""
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none yet; `twin2multicloud login --server URL` makes one"
            raise UsageError(f"there is no profile '{name}'; there are: {known}")
        return self.profiles[name]

    def with_profile(self, profile: Profile) -> Profiles:
        """With one more, which is in use from now on."""
        return Profiles(profile.name, {**self.profiles, profile.name: profile})

    def without(self, name: str) -> Profiles:
        """Without one."""
        rest = {key: profile for key, profile in self.profiles.items() if key != self.named(name).name}
        return Profiles("" if self.current == name else self.current, rest)

    def using(self, name: str) -> Profiles:
        """With another one in use ("" for none)."""
        return replace(self, current=self.named(name).name if name else "")


def profiles_file() -> Path:
    """Where they are kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "twin2multicloud" / "profiles.toml"


def load() -> Profiles:
    """What is kept; `UsageError` for a file that others may read, or that is none of ours."""
    file = profiles_file()
    try:
        mode = file.stat().st_mode
        text = file.read_text()
    except FileNotFoundError:
        return Profiles()
    if mode & 0o077:
        raise UsageError(f"{file} may be read by others, and holds keys; chmod 600 {file}")
    try:
        document = tomllib.loads(text)
        current = document.get("current", "")
        found = {
            name: Profile(name, str(table["server"]), table.get("key"), _moment(table.get("expires_at")))
            for name, table in document.get("profiles", {}).items()
        }
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} is no file of profiles; remove it and log in again") from error
    return Profiles(current if current in found else "", found)


def save(profiles: Profiles) -> None:
    """Keep them, whole or not at all."""
    file = profiles_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f"current = {_text(profiles.current)}"]
    for profile in profiles.profiles.values():
        lines += ["", f"[profiles.{profile.name}]", f"server = {_text(profile.server)}"]
        if profile.key is not None:
            lines.append(f"key = {_text(profile.key)}")
        if profile.expires_at is not None:
            lines.append(f"expires_at = {profile.expires_at.astimezone(UTC).isoformat()}")
    write_private(file, ("\n".join(lines) + "\n").encode())


def key_for(server: str) -> str | None:
    """The key that is kept for a server, whatever its profile is called."""
    return next((profile.key for profile in load().profiles.values() if profile.server == server), None)


def check_name(name: str) -> str:
    """`UsageError` for a name that a profile cannot have."""
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or name == "local":
        raise UsageError(
            f"--profile: {name[:60]!r} cannot be a profile's name; use {_NAME_HELP} (local means no server)"
        )
    return name


def _moment(value: object) -> datetime | None:
    """When a key ends, as the file says; it helps whoever looks, so that nothing rests on it."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None


def _text(value: str) -> str:
    import json

    return json.dumps(value)
