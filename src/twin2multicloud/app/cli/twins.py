"""What the commands of `twins` do."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import agreed
from twin2multicloud.app.cli.failures import error_text, say
from twin2multicloud.app.cli.records import NONE, clouds_text, dollars, moment
from twin2multicloud.model.errors import InvalidInputError, Twin2MultiCloudError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.twins import Health, Life, Twin, TwinInput, TwinSummary, TwinVersion

_HEALTH: Final[Mapping[Health, tuple[str, str]]] = {
    "ok": ("● ok", "green"),
    "degraded": ("▲ degraded", "yellow"),
    "down": ("■ down", "red"),
    "unknown": ("○ unknown", "dim"),
}


@dataclass(frozen=True)
class Chosen:
    """Which twins are listed, and in which order; None for all, or as it comes."""

    workspace: str | None
    search: str | None
    cloud: str | None
    life: Life | None
    health: Health | None
    attention: bool
    sort: str | None
    limit: int | None


def list_all(client: Client, chosen: Chosen, json_output: bool) -> int:
    """`twins list`."""
    found = client.twins.list(
        workspace=chosen.workspace,
        search=chosen.search,
        cloud=chosen.cloud,
        life=chosen.life,
        health=chosen.health,
        attention=True if chosen.attention else None,
        sort=chosen.sort,
        limit=chosen.limit,
    )
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", ">version", ">devices", "clouds", ">per month", "there is", "health", ">alerts", "changed (UTC)"),
        (
            (
                twin.name,
                str(twin.number),
                f"{twin.devices:,}",
                clouds_text(twin.clouds),
                dollars(twin.usd_per_month),
                _life(twin),
                _health(twin),
                str(sum(twin.alerts.values())),
                moment(twin.updated_at),
            )
            for twin in found
        ),
        "no twins; `twin2multicloud twins create FILE` keeps one",
    )
    return 0


def show(client: Client, wanted: str, number: int | None, source: bool, json_output: bool) -> int:
    """`twins show`."""
    twin = client.twins.get(client.twins.find(wanted))
    version = twin.current if number is None else client.twins.version(twin.id, number)
    if source:
        if json_output:
            records.print_model(version)
        else:
            sys.stdout.write(version.source if version.source.endswith("\n") else f"{version.source}\n")
        return 0
    if json_output:
        records.print_model(twin if number is None else version)
        return 0
    _print(twin, version)
    return 0


def create(client: Client, name: str, note: str, workspace: str | None, json_output: bool) -> int:
    """`twins create`."""
    from twin2multicloud.app.cli.definitions import given

    twin = client.twins.create(given(name, note), workspace)
    if json_output:
        records.print_model(twin)
    else:
        say(f"✓ {twin.name} is kept as {twin.id} ({twin.devices:,} devices)")
    return 0


def edit(client: Client, wanted: str, file: str | None, note: str, seen: int | None, json_output: bool) -> int:
    """`twins edit`. `StaleError` if somebody else changed it meanwhile; what was typed stays in a file then."""
    from twin2multicloud.app.cli.definitions import given

    twin = client.twins.get(client.twins.find(wanted))
    if file is None:
        return _edit_by_hand(client, twin, note, json_output)
    return _keep(client, twin, given(file, note), twin.version if seen is None else seen, json_output)


def versions(client: Client, wanted: str, json_output: bool) -> int:
    """`twins versions`."""
    found = client.twins.versions(client.twins.find(wanted))
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        (">version", "kept (UTC)", ">devices", ">per month", "by", "note"),
        (
            (
                str(each.number),
                moment(each.created_at),
                f"{each.devices:,}",
                dollars(each.usd_per_month),
                each.created_by,
                each.note,
            )
            for each in found
        ),
        "no versions",
    )
    return 0


def diff(client: Client, wanted: str, before: int | None, after: int | None, json_output: bool) -> int:
    """`twins diff`."""
    from rich.text import Text

    from twin2multicloud.app.cli.terminal import output, printable

    twin = client.twins.get(client.twins.find(wanted))
    if before is None:
        if twin.number == 1:
            raise UsageError(f"'{twin.name}' has one version only, so there is nothing to compare")
        before = twin.number - 1
    found = client.twins.diff(twin.id, before, after)
    if json_output:
        records.print_model(found)
        return 0
    with output() as console:
        for line in found.text.splitlines():
            console.print(Text(printable(line), _style(line)), soft_wrap=True)
        for slot, (first, second) in found.slots.items():
            console.print(Text.assemble((f"{slot:<11}", "bold"), f"{first or NONE} → {second or NONE}"))
        first_usd, second_usd = found.usd_per_month
        if first_usd != second_usd:
            console.print(Text(f"per month  {dollars(first_usd)} → {dollars(second_usd)}"))
        if not found.text and not found.slots:
            console.print(Text(f"versions {found.before} and {found.after} are the same"))
    return 0


def delete(client: Client, wanted: str, yes: bool, json_output: bool) -> int:
    """`twins delete`."""
    twin = client.twins.get(client.twins.find(wanted))
    if not yes and not agreed(f"Forget '{twin.name}' with its {twin.number} versions and all its runs?", twin.name):
        say("nothing was deleted")
        return 8
    client.twins.delete(twin.id, twin.version)
    if json_output:
        records.print_model({"deleted": twin.id})
    else:
        say(f"✓ {twin.name} is gone")
    return 0


def _edit_by_hand(client: Client, twin: Twin, note: str, json_output: bool) -> int:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor: set VISUAL or EDITOR, or give a FILE with the new definition")
    directory = Path(tempfile.mkdtemp(prefix=f"{twin.name}-"))
    file = directory / f"twin.{twin.current.format}"
    for path, text in {file.name: twin.current.source, **twin.current.files}.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    try:
        edited = _edited(editor, file, note)
        if (edited.source, edited.files) == (twin.current.source, twin.current.files):
            say("nothing was changed")
        else:
            _keep(client, twin, edited, twin.version, json_output)
    except Twin2MultiCloudError:
        say(f"what you wrote is kept in {directory}")
        raise
    _remove(directory)
    return 0


def _edited(editor: str, file: Path, note: str) -> TwinInput:
    """What comes out of the editor, once it is sound or whoever edits gives up."""
    from twin2multicloud.app.cli.definitions import given

    while True:
        try:
            code = subprocess.run([*shlex.split(editor), str(file)]).returncode  # noqa: S603  one's own editor
        except (OSError, ValueError) as error:
            raise UsageError(f"the editor {editor!r} cannot be started ({error}); set VISUAL or EDITOR") from error
        if code != 0:
            raise UsageError(f"the editor ended with {code}; nothing was kept")
        try:
            return given(str(file), note)
        except InvalidInputError as error:
            if not sys.stdin.isatty():
                raise
            say(error_text(error))
            if not agreed("Edit it again?", "y"):
                raise


def restore(client: Client, wanted: str, number: int, placement: bool, note: str, json_output: bool) -> int:
    """`twins restore`."""
    from twin2multicloud.app.schemas.twins import RestoreInput

    twin = client.twins.get(client.twins.find(wanted))
    kept = client.twins.restore(twin.id, number, RestoreInput(placement=placement, note=note), twin.version)
    if json_output:
        records.print_model(kept)
        return 0
    say(f"✓ {kept.name} is at version {kept.number}, as it was at version {number}")
    if placement and kept.current.placement is None:
        say("it had no placement then; `twin2multicloud twins optimize` finds one")
    elif placement and kept.usd_per_month is not None:
        say(f"placed as it was then: {dollars(kept.usd_per_month)} a month at the prices of now")
    return 0


def _keep(client: Client, twin: Twin, new: TwinInput, seen: int, json_output: bool) -> int:
    kept = client.twins.revise(twin.id, new, seen)
    if json_output:
        records.print_model(kept)
    else:
        say(f"✓ {kept.name} is at version {kept.number}")
    return 0


def _remove(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory)


def _print(twin: Twin, version: TwinVersion) -> None:
    kept = f"version {version.number} of {twin.number}, {moment(version.created_at)} UTC"
    files = ", ".join(version.files) or "none"
    placement = version.placement or {}
    rows: list[tuple[str, RenderableType]] = [
        ("id", twin.id),
        ("description", twin.description or NONE),
        ("definition", f"{kept}{f': {version.note}' if version.note else ''}"),
        ("files", files),
        ("devices", f"{version.devices:,}"),
        ("clouds", clouds_text(twin.clouds)),
        ("per month", dollars(version.usd_per_month)),
        ("there is", _life(twin)),
        ("health", _health(twin)),
        ("alerts", ", ".join(f"{count} {severity}" for severity, count in twin.alerts.items()) or NONE),
        ("metered", dollars(twin.usd_metered)),
        ("your role", twin.role),
        *((f"{slot}", f"{choice['offer']} in {choice['region']}") for slot, choice in placement.items()),
    ]
    records.print_facts(twin.name, rows)


def _life(twin: TwinSummary) -> Text:
    from rich.text import Text

    told = ", ".join(f"{life} ({target})" for target, life in twin.life.items()) or "draft"
    return Text(f"▲ {told}", "yellow") if twin.attention else Text(told)


def _health(twin: TwinSummary) -> Text:
    """How it was when it was looked at last, wherever it runs."""
    from rich.text import Text

    told = [_HEALTH[each.health] for each in twin.health.values()]
    return Text(", ").join(Text(text, style) for text, style in told) if told else Text(NONE)


def _style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
