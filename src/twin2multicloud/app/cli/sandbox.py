"""`sandbox`: bring a twin up and down, look at it, let something go wrong, verify it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from twin2multicloud.app.cli.books import NEWEST_BOOK
from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.slots import Slot
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.sandbox.client import SandboxClient

_OTHER_S = 30.0
_MOST_LOG_BYTES = 8 << 20
_MOST_SECRET = 60_000

FAILED = 6
"""Exit code: the sandbox does not answer, or something that was checked does not hold."""


@dataclass(frozen=True)
class UpRequest:
    """The arguments of `up`."""

    twin: str
    placement: str | None
    pins: tuple[str, ...]
    providers: tuple[str, ...]
    speed: float | None
    directory: Path
    json_output: bool
    devices: int | None = None


def up(request: UpRequest) -> int:
    """Create and start a sandbox."""
    from twin2multicloud.sandbox.layout import Layout

    definition = read_twin(request.twin)
    return bring_up(request, definition, *placement_for(definition, request, Layout(request.directory)))


def bring_up(
    request: UpRequest,
    definition: TwinDefinition,
    placement: Placement,
    usd: float | None,
    slots: Collection[Slot] | None = None,
) -> int:
    """The same for a twin that was read and a placement that was chosen already; with just these slots (None: as it
    was, all at first).
    """
    from twin2multicloud.app.deploying.layering import twin_for
    from twin2multicloud.model.slots import SLOTS
    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.launch import launch
    from twin2multicloud.sandbox.layout import Layout

    began = time.perf_counter()
    layout = Layout(request.directory)
    some = slots if slots is not None and set(slots) != set(SLOTS) else ()
    twin = twin_for(layout, definition, placement, some, request.devices)
    if not request.json_output:
        price = f", {usd:,.2f} USD a month" if usd is not None else ""
        clouds = len(placement.providers)
        say(f"{definition.name}: {len(twin.spec.device_names):,} devices on {clouds} cloud{'s'[: clouds > 1]}{price}")
    done = launch(
        layout,
        twin,
        speed=request.speed,
        slots=slots,
        progress=lambda name: None if request.json_output else say(f"  {Provider(name).label} is up"),
    )
    client = SandboxClient(layout)
    whole, _ = client.status()
    if request.json_output:
        print_json(msgspec.to_builtins(whole))
        return 0
    from twin2multicloud.app.cli.sandbox_view import print_up

    with output() as console:
        print_up(console, whole, layout, done, time.perf_counter() - began)
    return 0


def placement_for(definition: TwinDefinition, request: UpRequest, layout: Any) -> tuple[Placement, float | None]:
    """The placement to simulate: a file's, the one the sandbox has, or the cheapest; and its USD per month if new."""
    from twin2multicloud.model.placement import Placement

    if request.placement is not None:
        return placement_in(request.placement), None
    if layout.exists and not request.pins and not request.providers:
        return Placement.model_validate(json.loads(layout.placement_file.read_text("utf-8"))), None
    from twin2multicloud.model.options import constraints_from_options
    from twin2multicloud.optimizer.bill.optimize import BillOptimizer

    constraints = constraints_from_options(base=definition.constraints, pins=request.pins, providers=request.providers)
    result = BillOptimizer(NEWEST_BOOK.read(), constraints, definition.assumptions).optimize(definition.workload)
    return result.placement, result.usd_per_month


def placement_in(file: str) -> Placement:
    """The placement in a JSON file; `UsageError` names what is wrong with it."""
    from pydantic import ValidationError

    from twin2multicloud.blueprint.catalog import offer_by_id
    from twin2multicloud.model.placement import Placement

    try:
        value = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--placement {file}: cannot be read: {error}") from error
    if isinstance(value, dict) and "placement" in value:
        value = value["placement"]  # what `optimize --json` prints
    try:
        placement = Placement.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"--placement {file}: {where}: {first['msg']}") from error
    for slot, choice in placement.items():
        if offer_by_id(choice.offer).slot is not slot:
            raise UsageError(f"--placement {file}: {slot.value}: {choice.offer} fills another slot")
    return placement


def status(client: SandboxClient, json_output: bool, follow: bool) -> int:
    """Show the sandbox; exit code 6 if a cloud does not run."""
    from twin2multicloud.app.cli.sandbox_view import StatusView, print_status

    whole, clouds = client.status()
    code = 0 if all(process.state != "stopped" for process in whole.clouds) else FAILED
    if json_output:
        print_json({**msgspec.to_builtins(whole), "status": {n: msgspec.to_builtins(c) for n, c in clouds.items()}})
        return code
    if follow and sys.stdout.isatty():
        StatusView(client).run()
        return 0
    with output() as console:
        print_status(console, whole, clouds)
    return code


def logs(client: SandboxClient, cloud: str | None, lines: int, follow: bool) -> int:
    """Print the last lines of the logs, and what follows."""
    names = [cloud] if cloud else [*client.config.clouds, "supervisor"]
    if cloud is not None and cloud not in client.config.clouds:
        raise UsageError(f"--cloud: '{cloud}' is no cloud of this sandbox; it has {', '.join(client.config.clouds)}")
    width = max(map(len, names))
    positions: dict[str, int] = {}
    for name in names:
        file = client.layout.log(name)
        positions[name] = file.stat().st_size if file.exists() else 0
        last = _end_of(file, positions[name])
        for line in last[max(len(last) - lines, 0) :]:
            sys.stdout.write(f"{name:<{width}} │ {printable(line)}\n")
    while follow:
        sys.stdout.flush()
        time.sleep(0.25)
        for name in names:
            file = client.layout.log(name)
            if file.exists() and file.stat().st_size > positions[name]:
                with file.open("rb") as stream:
                    stream.seek(positions[name])
                    content = stream.read(1 << 20)
                whole = content[: content.rfind(b"\n") + 1]
                positions[name] += len(whole)
                for line in whole.decode("utf-8", "replace").splitlines():
                    sys.stdout.write(f"{name:<{width}} │ {printable(line)}\n")
    return 0


def _end_of(file: Path, size: int) -> list[str]:
    """The last lines of a file, whatever its size."""
    if not size:
        return []
    with file.open("rb") as stream:
        stream.seek(max(size - _MOST_LOG_BYTES, 0))
        lines = stream.read(min(size, _MOST_LOG_BYTES)).decode("utf-8", "replace").splitlines()
    return lines[1:] if size > _MOST_LOG_BYTES else lines


def verify(client: SandboxClient, device: str | None, patience_s: float, json_output: bool) -> int:
    """Check every hop; exit code 6 if one fails."""
    from twin2multicloud.app.cli.sandbox_view import print_hops
    from twin2multicloud.sandbox.verify import Verification

    hops = Verification(client, device, patience_s).run()
    if json_output:
        print_json({"hops": [msgspec.to_builtins(hop) for hop in hops], "ok": all(hop.ok for hop in hops)})
    else:
        with output() as console:
            print_hops(console, hops)
    return 0 if all(hop.ok for hop in hops) else FAILED


def command(
    client: SandboxClient, device: str, name: str, fields: tuple[str, ...], wait_s: float | None, json_output: bool
) -> int:
    """Send a command; with `wait_s` wait so long for the device's answer: exit code 6 if it fails or there is none."""
    payload: dict[str, Any] = {}
    for field in fields:
        key, equals, text = field.partition("=")
        if not equals or not key:
            raise UsageError(f"'{field[:60]}': write FIELD=VALUE")
        try:
            payload[key] = json.loads(text)
        except ValueError:
            payload[key] = text  # plain text needs no quotes
    id = client.command(device, name, payload)
    if not json_output:
        say(f"{name} is on its way to {device} ({id})")
    answer = None if wait_s is None else _answer(client, device, id, wait_s)
    if json_output:
        print_json({"id": id, "device": device, "name": name, "payload": payload, "answer": answer})
    elif answer is not None:
        say(f"{device} answered: {answer['status']}{answer['message'] and ': '}{answer['message']}")
    elif wait_s is not None:
        say(f"no answer within {wait_s:g} s; the command is kept until {device} takes it")
    return 0 if wait_s is None or (answer is not None and answer["status"] == "ok") else FAILED


def _answer(client: SandboxClient, device: str, id: str, wait_s: float) -> dict[str, Any] | None:
    deadline = time.monotonic() + wait_s
    while (answer := client.result(device, id)) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def secret(client: SandboxClient, name: str, json_output: bool) -> int:
    """Store a secret of the twin's webhooks where its rules are processed."""
    from twin2multicloud.model.slots import Slot
    from twin2multicloud.model.spec import WebhookAction
    from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets

    actions = [action for rule in client.layout.spec().rules for action in rule.actions]
    names = sorted({action.secret for action in actions if isinstance(action, WebhookAction) and action.secret})
    if name not in names:
        raise UsageError(f"name: no webhook is signed with '{name[:64]}'; they name: {', '.join(names) or 'none'}")
    if sys.stdin.isatty():
        from getpass import getpass

        value = getpass(f"Value of {name}: ")
    else:
        value = sys.stdin.read(_MOST_SECRET + 2).rstrip("\r\n")
    if not 0 < len(value) <= _MOST_SECRET:
        raise UsageError(f"a secret has 1 to {_MOST_SECRET:,} characters; give it on standard input")
    store = LocalSecrets(client.layout.cloud(client.cloud_of(Slot.PROCESSING)) / "secrets.db")
    try:
        store.put(name, value)
    finally:
        store.close()
    if json_output:
        print_json({"stored": name})
    else:
        say(f"{name} is stored")
    return 0


def rotate_keys(client: SandboxClient, json_output: bool) -> int:
    """Rotate every link's key."""
    progress: Callable[[str], None] = (lambda _text: None) if json_output else (lambda text: say(f"  {text}"))
    count = client.rotate_keys(progress=progress)
    if json_output:
        print_json({"rotated": count})
    else:
        say(f"{count} links have new keys")
    return 0


def down(directory: Path, delete: bool, yes: bool, json_output: bool) -> int:
    """Stop a sandbox, and delete it if asked to."""
    from twin2multicloud.sandbox.create import stop
    from twin2multicloud.sandbox.layout import Layout
    from twin2multicloud.sandbox.locks import ProcessLock

    layout = Layout(directory)
    config = layout.config()
    if delete and not yes:
        _confirm(config.twin, directory)
    with ProcessLock(layout.setup_lock, _OTHER_S):
        stopped = stop(layout)
        if delete:
            layout.delete()
    if json_output:
        print_json({"stopped": stopped, "deleted": delete})
    else:
        say("deleted" if delete else "stopped; what is stored stays" if stopped else "it was not running")
    return 0


def _confirm(twin: str, directory: Path) -> None:
    if not sys.stdin.isatty():
        raise UsageError("--delete removes all that is stored: confirm it with --yes")
    sys.stderr.write(f"Delete everything the twin '{twin}' has stored in {directory}? Type its name: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != twin:
        raise UsageError("not deleted: that is not the twin's name")
