"""What the commands of `db` do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.backups import PASSPHRASE_VARIABLE, back_up, passphrase_given, restore
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, print_facts
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.app.db import migrate, revision
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.services.rotation import rotate
from twin2multicloud.app.serving import served
from twin2multicloud.app.settings import Settings
from twin2multicloud.model.errors import UsageError


def status(settings: Settings, json_output: bool) -> int:
    """`db status`: 6 if it is not as this version needs it."""
    database = Database(settings.url)
    try:
        there, wanted = revision.of(database), revision.head()
        serving = served(settings.data)
        facts: dict[str, Any] = {
            "database": database.url.render_as_string(),
            "revision": there,
            "needed": wanted,
            "current": there == wanted,
            "served": None if serving is None else serving.url,
        }
    finally:
        database.close()
    if json_output:
        print_json(facts)
    else:
        remedy = "" if facts["current"] else "; `twin2multicloud db upgrade`"
        print_facts(
            facts["database"],
            [
                ("revision", f"{there or 'none'}{remedy}"),
                ("needed", wanted),
                ("served", facts["served"] or NONE),
            ],
        )
    return 0 if facts["current"] else 6


def upgrade(settings: Settings, json_output: bool) -> int:
    """`db upgrade`."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.url)
    try:
        before = revision.of(database)
        migrate.upgrade(database)
        after = revision.head()
    finally:
        database.close()
    if json_output:
        print_json({"before": before, "after": after})
    elif before == after:
        say(f"✓ the database is at revision {after} already")
    else:
        say(f"✓ the database is at revision {after} (it was at {before or 'none'})")
    return 0


def backup(settings: Settings, file: Path, with_keys: bool, json_output: bool) -> int:
    """`db backup`."""
    passphrase = _new_passphrase() if with_keys else None
    manifest = back_up(settings, file, now=datetime.now(UTC), passphrase=passphrase)
    if json_output:
        print_json({"file": str(file), "bytes": file.stat().st_size, **msgspec.to_builtins(manifest)})
        return 0
    size = file.stat().st_size
    say(f"✓ {file}: {manifest.rows:,} rows of {len(manifest.tables)} tables, {size:,} bytes")
    if with_keys:
        say("the master keys are in it, under your passphrase: without that nobody opens its secrets")
    else:
        say(f"▲ keep {settings.keys} as well, apart from it: without these keys nobody opens its secrets")
    return 0


def restored(settings: Settings, file: Path, replace: bool, resume_runs: bool, json_output: bool) -> int:
    """`db restore`."""
    found = restore(settings, file, replace=replace, ask_passphrase=_passphrase, resume_runs=resume_runs)
    if json_output:
        print_json(
            {
                "rows": found.manifest.rows,
                "tables": len(found.manifest.tables),
                "made_at": found.manifest.made_at,
                "revision": found.revision,
                "keys": found.keys,
                "ended_runs": found.ended,
            }
        )
        return 0
    say(f"✓ {found.manifest.rows:,} rows of {len(found.manifest.tables)} tables are as they were at {_made(found)}")
    if found.ended:
        say(f"▲ {found.ended} runs were under way then and were ended: look at what there is, then ask for them again")
    if found.keys == "restored":
        say(f"the master keys are in {settings.keys}")
    elif found.keys == "missing":
        names = ", ".join(found.manifest.keys)
        say(f"▲ {settings.keys} lacks the keys of its secrets ({names}): put the old keys.json there before you serve")
    return 0


def rotate_key(settings: Settings, json_output: bool, sleep: Callable[[float], None] = time.sleep) -> int:
    """`db rotate-key`."""

    def wait(seconds: float) -> None:
        if not json_output:
            say(f"what was sealed with the old key right before is waited for ({seconds:.0f} s)")
        sleep(seconds)

    with open_backend(settings) as backend:
        revision.check(backend.database)
        done = rotate(backend, sleep=wait)
    if json_output:
        print_json({"current": done.current, "dropped": list(done.dropped), "rewrapped": done.rewrapped})
    else:
        dropped = f", {', '.join(done.dropped)} is dropped" if done.dropped else ""
        say(f"✓ {done.current} is the master key now{dropped}; {done.rewrapped:,} secrets were sealed anew with it")
        say(f"▲ backups made before need the old {settings.keys.name}, those made from now on the new one")
    return 0


def _made(found: Any) -> str:
    return f"{datetime.fromisoformat(found.manifest.made_at):%Y-%m-%d %H:%M:%S} UTC"


def _passphrase() -> str:
    given = passphrase_given()
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"the keys in the backup need their passphrase; set {PASSPHRASE_VARIABLE}")
    import getpass

    return getpass.getpass("Passphrase of the backup: ")


def _new_passphrase() -> str:
    if passphrase_given() is not None or not sys.stdin.isatty():
        return _passphrase()
    import getpass

    first = getpass.getpass("Passphrase for the keys: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("these are two different passphrases")
    return first
