"""What `status` and `prove` do with a kept twin: look at it wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli import runs
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.app.cli.which import places
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS

if TYPE_CHECKING:
    from rich.console import Console

    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.operating import Links, Outputs, StackState, TwinStatus
    from twin2multicloud.app.schemas.runs import Run
    from twin2multicloud.app.schemas.twins import Target, Twin

_NOT_WELL: Final = 6
_STYLES: Final = {"ok": "green", "degraded": "yellow", "down": "red", "unknown": "dim"}
_AT: Final = {"clouds": "in its clouds", "sandbox": "in its sandbox", "rehearsal": "rehearsed"}


def status(client: Client, wanted: str, said: Target | None, json_output: bool) -> int:
    """Show what there is of a twin: at the target that was said, or wherever it is. Exit code 6 if a stack is not
    whole, or something does not work.
    """
    twin = client.twins.get(client.twins.find(wanted))
    found = [_Seen(client, twin, target) for target in ([said] if said else places(twin.life))]
    if json_output:
        print_json({"twin": twin.name, "id": twin.id, "targets": {each.status.target: each.json() for each in found}})
    else:
        with output() as console:
            for number, each in enumerate(found):
                if number:
                    console.print()
                each.tell(console)
        if not found:
            say(f"nothing of '{twin.name}' is deployed; `twin2multicloud deploy {twin.name}` does it")
    return 0 if all(each.well for each in found) else _NOT_WELL


def prove(client: Client, wanted: str, said: Target | None, json_output: bool) -> int:
    """Show what is wrong with how a kept twin is wired; exit code 6 if anything is."""
    from twin2multicloud.app.cli.proof_view import print_findings
    from twin2multicloud.deployer.proof.findings import Finding, Rule, Severity, Where

    twin = client.twins.get(client.twins.find(wanted))
    there = places(twin.life)
    if said is None and there == ["sandbox"]:
        raise UsageError(
            f"'{twin.name}' is in its sandbox only, and the proof is of clouds; "
            f"`twin2multicloud runs start verify {twin.name}` sends a probe through the sandbox"
        )
    only_rehearsed = "clouds" not in there and "rehearsal" in there
    found = client.operating.proof(twin.id, said or ("rehearsal" if only_rehearsed else "clouds")).findings
    if json_output:
        print_json([each.model_dump(mode="json") for each in found])
    else:
        with output() as console:
            print_findings(
                console,
                [
                    Finding(
                        Where(each.stack, each.address),
                        Rule(each.rule),
                        each.what,
                        each.remedy,
                        Severity(each.severity),
                    )
                    for each in found
                ],
            )
    return _NOT_WELL if found else 0


class _Seen:
    """A twin at a target, as it was seen."""

    def __init__(self, client: Client, twin: Twin, target: Target) -> None:
        self._twin = twin
        self.status: TwinStatus = client.operating.status(twin.id, target)
        self._run: Run | None = None if self.status.run is None else client.runs.get(self.status.run)
        self._outputs: Outputs | None = None
        self._links: Links | None = None
        # A sandbox puts nothing out but its dashboard. The clouds would have to be asked for their links: `prove` does.
        if target != "sandbox" and self.status.stacks:
            self._outputs = client.operating.outputs(twin.id, target)
        elif self.status.clouds and twin.role != "viewer":
            self._links = client.operating.links(twin.id, target)

    @property
    def well(self) -> bool:
        """Whether everything is whole, and nothing is known not to work."""
        return all(stack.whole for stack in self.status.stacks) and self.status.health in ("ok", "unknown")

    def json(self) -> dict[str, Any]:
        """For programs: the status as the API tells it, and beside it what the stacks put out and the links."""
        found: dict[str, Any] = self.status.model_dump(mode="json")
        if self._outputs is not None:
            found["outputs"] = self._outputs.stacks
        if self._links is not None:
            found["links"] = self._links.model_dump(mode="json")["links"]
        return found

    def tell(self, console: Console) -> None:
        """For people."""
        from rich.text import Text

        from twin2multicloud.app.cli.status_view import print_rows

        seen = self.status
        console.print(
            Text.assemble(
                (printable(self._twin.name), "bold"),
                f" · {_AT[seen.target]} · {seen.life} · ",
                (f"health {seen.health}", _STYLES[seen.health]),
            )
        )
        if self._run is not None:
            console.print(f"run {runs.name_of(self._run)} ({self._run.kind}) is {self._run.status}")
        if seen.moving:
            console.print(printable(f"moving: {seen.moving}"))
        if not seen.stacks:
            console.print(Text("nothing is deployed there", "dim"))
            return
        print_rows(console, [self._row(stack) for stack in seen.stacks])
        there = {stack.slot for stack in seen.stacks}
        if seen.life == "partial" and (missing := [slot.value for slot in SLOTS if slot.value not in there]):
            console.print(Text(f"not deployed yet: {', '.join(missing)}", "yellow"))
        for layer in seen.layers:
            for problem in layer.problems:
                console.print(Text(printable(f"{layer.slot} ({layer.cloud}) {layer.health}: {problem}"), "yellow"))
        self._tell_sandbox(console)

    def _row(self, stack: StackState) -> Any:
        from twin2multicloud.app.cli.status_view import StackRow, state_of

        applied = stack.applied_at is not None
        lock = stack.lock
        held = None if lock is None else f"{stack.name} is locked by {lock.who or 'somebody'} (run {lock.run})"
        return StackRow(
            stack.name,
            stack.slot,
            stack.site,
            state_of(applied=applied, whole=stack.whole, resources=stack.resources),
            moment(stack.applied_at)[:16] if applied else "",
            stack.resources,
            held,
            {} if self._outputs is None else self._outputs.stacks.get(stack.name, {}),
        )

    def _tell_sandbox(self, console: Console) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        if self.status.clouds:
            console.print()
            clouds = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
            for title in ("Cloud", "State", "Console"):
                clouds.add_column(title, no_wrap=title != "Console", overflow="fold")
            for cloud in self.status.clouds:
                clouds.add_row(cloud.cloud, cloud.state, Text(printable(cloud.url)))
            console.print(clouds)
        if self._links is not None and self._links.links:
            console.print()
            links = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
            for title in ("Link", "From", "To"):
                links.add_column(title, no_wrap=True)
            links.add_column("Messages", justify="right")
            links.add_column("Last success (UTC)")
            for link in self._links.links:
                if link.direction == "out":
                    state = Text(moment(link.last_success)) if not link.failing else Text("failing", "red")
                    count = NONE if link.messages is None else f"{link.messages:,}"
                    links.add_row(printable(link.edge), link.cloud, link.peer, count, state)
            console.print(links)
        if self.status.dashboard_url is not None:
            console.print(printable(f"\nDashboard  {self.status.dashboard_url}"))
