"""The steps that follow the stacks, done. Those that are due run one after the other; one that fails keeps no other
from running, and all failures are told together. Everything may be run again at any time.
"""

from __future__ import annotations

import secrets as tokens
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.devices.kept import Kept
from twin2multicloud.deployer.finishing.grafana.client import Grafana, GrafanaError
from twin2multicloud.deployer.finishing.grafana.content import Content, Reader, content_of
from twin2multicloud.deployer.finishing.grafana.people import NewUser, add_viewers, remove_viewers
from twin2multicloud.deployer.finishing.grafana.push import push
from twin2multicloud.deployer.finishing.graph import load_graph
from twin2multicloud.deployer.finishing.ledger import Ledger
from twin2multicloud.deployer.finishing.places import Outputs, described
from twin2multicloud.deployer.finishing.planned import Moment, PlannedStep, azure_functions, planned_steps, stack_of
from twin2multicloud.deployer.finishing.progress import (
    APPS,
    DASHBOARDS,
    GRAPH,
    HUB,
    REGISTRY,
    SECRETS,
    TOPICS,
    WIRING,
    Report,
    StepError,
    StepProgress,
    failing_as,
)
from twin2multicloud.deployer.finishing.secrets import READ_KEY, device_keys, own_grafana, write_secrets
from twin2multicloud.deployer.finishing.tools import Tools
from twin2multicloud.deployer.finishing.wiring import wire_sites, without
from twin2multicloud.deployer.functions import Starts, functions_of
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.wiring import Token

_USERS: Final = "dashboard-users.json"
_PATIENCE_S: Final = 600.0
"""How long a Grafana may take to start: it installs its plug-in first."""


@dataclass(frozen=True)
class Did:
    """What a step did. `once` is to be told to a person now and kept nowhere: one-time passwords. Its repr keeps it."""

    step: str
    text: str
    once: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Did({self.step!r}, {self.text!r})"


class FinishingError(Twin2MultiCloudError):
    """Some steps failed; `did` is what the others did (exit code 6). Running them again does the rest."""

    exit_code = 6

    def __init__(self, errors: Sequence[Twin2MultiCloudError], did: Sequence[Did]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)
        self.did = tuple(did)


class Finishing:
    """The steps of one deployment. `outputs` are those of the stacks that are there, `kept` what is kept with the
    deployment, `given` secrets by name that a person gives. `now` is the wall clock, `token` gives random bytes.
    """

    def __init__(
        self,
        deployment: Deployment,
        outputs: Outputs,
        tools: Tools,
        kept: Kept,
        given: Mapping[str, str],
        *,
        now: Callable[[], float],
        token: Token = tokens.token_bytes,
    ) -> None:
        self._deployment = deployment
        self._outputs = outputs
        self._tools = tools
        self._kept = kept
        self._given = given
        self._now = now
        self._token = token

    def due(self, moment: Moment) -> tuple[PlannedStep, ...]:
        """The steps of a moment whose stacks are there. After all stacks, those before them are due again."""
        wanted = (Moment.FOUNDATIONS,) if moment is Moment.FOUNDATIONS else tuple(Moment)
        steps = planned_steps(self._deployment)
        return tuple(step for step in steps if step.moment in wanted and step.needs <= self._outputs.keys())

    def run(self, moment: Moment, report: Report) -> list[Did]:
        """Do what is due; what was done. Raises `FinishingError` at the end if any of it failed."""
        acts: Mapping[str, Callable[[Report], Did]] = {
            SECRETS: self._secrets,
            HUB: self._hub,
            WIRING: self._wiring,
            APPS: self._apps,
            REGISTRY: self._registry,
            TOPICS: self._topics,
            GRAPH: self._graph,
            DASHBOARDS: self._dashboards,
        }
        did: list[Did] = []
        errors: list[Twin2MultiCloudError] = []
        for step in self.due(moment):
            report(StepProgress(step.name, step.will))
            try:
                did.append(acts[step.name](report))
            except Twin2MultiCloudError as error:
                errors.append(error)
        if errors:
            raise FinishingError(errors, did)
        return did

    def leave(self, slots: Collection[Slot], report: Report) -> list[Did]:
        """Before these slots' stacks are destroyed: neighbours forget them, what steps have made there is removed."""
        deployment = self._deployment
        there = [slot for slot in slots if stack_of(deployment, slot) in self._outputs]
        wired = wire_sites(
            deployment,
            without(self._outputs, deployment, there),
            self._tools.secrets,
            report,
            now=self._now(),
            token=self._token,
        )
        return [Did(WIRING, f"{len(wired.written)} links documents written"), *self.empty(slots, report)]

    def empty(self, slots: Collection[Slot], report: Report) -> list[Did]:
        """What steps, devices and twins have made at these slots is removed; nobody's links change by that."""
        deployment = self._deployment
        there = [slot for slot in slots if stack_of(deployment, slot) in self._outputs]
        did: list[Did] = []
        if Slot.ACQUISITION in there:
            devices = described(self._outputs, stack_of(deployment, Slot.ACQUISITION), "devices")
            if devices.get("command_topics"):
                from twin2multicloud.deployer.finishing.device_topics import remove_topics

                removed = remove_topics(self._tools.topics(devices), self._ledger(Slot.ACQUISITION), report)
                did.append(Did(TOPICS, f"{removed} topics removed"))
        did += self._leftovers(there, report)
        for slot in there:
            if slot in (Slot.ACQUISITION, Slot.MANAGEMENT):
                self._ledger(slot).forget()
        return did

    def _leftovers(self, slots: Collection[Slot], report: Report) -> Iterator[Did]:
        """What AWS's services keep of devices and twins, and will not be deleted with."""
        from twin2multicloud.deployer.clouds.aws.leftovers import empty_workspace, forget_devices

        places = self._deployment.blueprint.places
        if Slot.ACQUISITION in slots and places[Slot.ACQUISITION].provider is Provider.AWS:
            devices = described(self._outputs, stack_of(self._deployment, Slot.ACQUISITION), "devices")
            client = self._tools.aws(self._deployment.site(Slot.ACQUISITION), "iot")
            gone = forget_devices(client, devices, lambda number: report(StepProgress(REGISTRY, "forgotten", number)))
            yield Did(REGISTRY, f"{gone} devices forgotten")
        if Slot.MANAGEMENT in slots and places[Slot.MANAGEMENT].offer.startswith("aws.twinmaker"):
            stores = described(self._outputs, stack_of(self._deployment, Slot.MANAGEMENT), "stores")
            client = self._tools.aws(self._deployment.site(Slot.MANAGEMENT), "iottwinmaker")
            gone = empty_workspace(client, str(stores["twinmaker_workspace"]))
            yield Did(GRAPH, f"{gone} entities and component types removed")

    # ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────
    def _secrets(self, report: Report) -> Did:
        written = write_secrets(
            self._deployment,
            self._outputs,
            self._tools.secrets,
            self._kept,
            self._given,
            report,
            token=self._token,
        )
        return Did(SECRETS, f"{len(written)} secrets written")

    def _wiring(self, report: Report) -> Did:
        wired = wire_sites(
            self._deployment, self._outputs, self._tools.secrets, report, now=self._now(), token=self._token
        )
        waiting = f"; not deployed yet: {', '.join(wired.waiting)}" if wired.waiting else ""
        return Did(WIRING, f"{len(wired.written)} links documents written{waiting}")

    def _hub(self, report: Report) -> Did:
        from twin2multicloud.deployer.finishing.hub_secret import write_hub_secret

        reader = described(self._outputs, stack_of(self._deployment, Slot.ACQUISITION), "hub_reader")
        store = self._tools.secrets(self._deployment.site(Slot.ACQUISITION))
        written = write_hub_secret(reader, self._tools.arm(), store, report)
        return Did(HUB, "written" if written else "is right already")

    def _apps(self, report: Report) -> Did:
        from twin2multicloud.deployer.finishing.function_apps import wake_apps

        woken = 0
        for slot, functions in azure_functions(self._deployment).items():
            stack = stack_of(self._deployment, slot)
            if not functions or stack not in self._outputs:
                continue
            apps = {name: str(app) for name, app in described(self._outputs, stack, "apps").items()}
            # Who reads the hub refers to the secret with its endpoint.
            refer = {function.component for function in functions if function.starts is Starts.DEVICES}
            woken += wake_apps(apps, refer, self._tools.arm(), report)
        return Did(APPS, f"{woken} function apps told what starts them")

    def _registry(self, report: Report) -> Did:
        from twin2multicloud.deployer.finishing.hub_registry import register_devices, symmetric_key

        devices = described(self._outputs, stack_of(self._deployment, Slot.ACQUISITION), "devices")
        key_of = None
        if devices.get("authentication") == "sas":
            secret = device_keys(self._kept, self._token)

            def key_of(device: str) -> str:
                return symmetric_key(secret, device)

        hub = self._tools.hub(str(devices["endpoint"]), key_of)
        result = register_devices(self._deployment.spec, hub, self._ledger(Slot.ACQUISITION), report)
        return Did(REGISTRY, str(result))

    def _topics(self, report: Report) -> Did:
        from twin2multicloud.deployer.finishing.device_topics import make_topics

        devices = described(self._outputs, stack_of(self._deployment, Slot.ACQUISITION), "devices")
        maker = self._tools.topics(devices)
        made, removed = make_topics(self._deployment.spec, maker, self._ledger(Slot.ACQUISITION), report)
        return Did(TOPICS, f"{made} topics made, {removed} removed")

    def _graph(self, report: Report) -> Did:
        with failing_as(GRAPH):
            graph = self._tools.graph()
        changes = load_graph(self._deployment.spec, graph, self._ledger(Slot.MANAGEMENT), report, now=self._now())
        return Did(GRAPH, str(changes))

    def _dashboards(self, report: Report) -> Did:
        dashboards = described(self._outputs, stack_of(self._deployment, Slot.VISUALIZATION), "dashboards")
        content = self._content()
        try:
            with self._tools.grafana(dashboards) as grafana:
                grafana.wait(_PATIENCE_S, lambda text: report(StepProgress(DASHBOARDS, text)))
                pushed = push(grafana, content, report)
                made = self._people(grafana, report) if own_grafana(self._deployment) else ()
        except GrafanaError as error:
            raise StepError(DASHBOARDS, str(error)) from error
        notes = "".join(f"; {note}" for note in pushed.notes)
        once = tuple(f"{user.login}: {user.password}" for user in made)
        return Did(DASHBOARDS, f"{pushed}{notes}; at {dashboards['url']}", once)

    # ── Their parts ─────────────────────────────────────────────────────────────────────────────────────────
    def _content(self) -> Content:
        workload, settings = self._deployment.blueprint.workload, self._deployment.settings
        return content_of(
            self._deployment.spec,
            self._reader(Slot.HOT, "history"),
            self._reader(Slot.MANAGEMENT, "state"),
            settings.owner,
            refresh_s=3600.0 / max(workload["dashboard_refreshes_per_hour"], 1e-3),
            message_interval_s=workload["message_interval_s"],
        )

    def _reader(self, slot: Slot, edge: str) -> Reader:
        deployment = self._deployment
        component = next(
            function.component
            for function in functions_of(deployment.blueprint, deployment.spec, slot)
            if edge in function.receives
        )
        urls = described(self._outputs, stack_of(deployment, slot), "urls")
        with failing_as(DASHBOARDS):
            try:
                key = self._tools.secrets(deployment.site(slot)).get(READ_KEY)
                return Reader(str(urls[component]).rstrip("/"), key)
            except KeyError as error:
                raise StepError(
                    DASHBOARDS, f"{slot.value} has no {error} yet; write the secrets and deploy it first"
                ) from None

    def _people(self, grafana: Grafana, report: Report) -> tuple[NewUser, ...]:
        wanted = list(self._deployment.settings.users)
        content = self._kept.read(_USERS)
        before: list[Any] = [] if content is None else msgspec.json.decode(content, type=list[str])
        known = list(dict.fromkeys([*before, *wanted]))
        if known != before:
            self._kept.write(_USERS, msgspec.json.encode(known))
        gone = [person for person in before if person not in wanted]
        if gone:
            remove_viewers(grafana, gone, report)
            self._kept.write(_USERS, msgspec.json.encode(wanted))
        # Last: whatever failed after it would lose the passwords, which are told once.
        return add_viewers(grafana, wanted, lambda: tokens.token_urlsafe(15), report)

    def _ledger(self, slot: Slot) -> Ledger:
        """What was loaded into a slot's service; that of another generation is another."""
        return Ledger(self._kept, stack_of(self._deployment, slot).lower())
