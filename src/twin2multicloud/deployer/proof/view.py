"""What the rules look at: one site's world in words that are the same for every cloud.

The packages `aws`, `azure` and `gcp` make a view of resources, by following what they refer to: ids, ARNs, URLs.
Whether what they find is what was planned, the rules say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Finding, Where
from twin2multicloud.deployer.proof.world import World
from twin2multicloud.runtime.entry.roles import FunctionConfig


class Right(NamedTuple):
    """An action of IAM, or a role, on a resource as the cloud names it."""

    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


class Reference(NamedTuple):
    """A name in a function's environment. `target` is the resource that has it, None if no resource of ours does."""

    field: str
    value: str
    target: Where | None


@dataclass(frozen=True)
class FunctionView:
    """A function as it was applied.

    `told` is what `T2M_FUNCTION` says (None if it cannot be read, for which `broken` says why), `fields` are the fields
    of `T2M_CONFIG` that are set, `needed` those that its rights are for, and `references` the names in them; `others`
    are environment variables that neither the runtime nor its host reads. `package` is the hex SHA-256 of its code or
    the beginning of it, "" where it is not told. `url` is its base URL if it has one, `public` whether anybody may
    call it, `alone` whether two runs of it never overlap.
    """

    where: Where
    name: str
    component: str
    identity: str
    told: FunctionConfig | None = None
    broken: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    references: tuple[Reference, ...] = ()
    others: tuple[str, ...] = ()
    package: str = ""
    memory_mib: float | None = None
    timeout_s: float | None = None
    url: str = ""
    public: bool = False
    alone: bool = True


@dataclass(frozen=True)
class Trigger:
    """What starts a function. `function` and `source` are the resources it names (None if there are none).

    `lacks` says what it is not allowed to do, "" if all is. `batch`, `window_s` and `runs_per_day` are None where they
    are not its to say, `partial` (whether a batch may fail in part) as well.
    """

    where: Where
    starts: Starts
    says: str
    function: Where | None
    source: Where | None = None
    enabled: bool = True
    lacks: str = ""
    batch: float | None = None
    window_s: float | None = None
    partial: bool | None = None
    runs_per_day: float | None = None


@dataclass(frozen=True)
class Route:
    """What devices send goes to `target` (None if it does not exist). `carries`: telemetry, results or state."""

    where: Where
    carries: str
    target: Where | None
    says: str
    lacks: str = ""


class Pull(NamedTuple):
    """What is published on `topic` waits in `queue` (None if it does not exist). `lacks` as of `Route`."""

    where: Where
    topic: Where | None
    queue: Where | None
    lacks: str = ""


@dataclass(frozen=True)
class Queue:
    """A queue, stream or subscription whose messages are handled. `dead_letter` is where its messages end that never
    succeed; `after` so many deliveries; `lacks` says what is missing for that.
    """

    where: Where
    name: str
    dead_letter: Where | None
    after: float | None = None
    lacks: str = ""


@dataclass(frozen=True)
class Identity:
    """Whoever may do something: a function, or a service that acts for us (a schedule, a rule).

    `needs` are the rights that it must have, and no others. `strangers` may act as it, and should not. `used`: whether
    anything of the deployment does.
    """

    id: str
    where: Where
    rights: Mapping[Right, Where]
    needs: frozenset[Right]
    strangers: tuple[str, ...] = ()
    used: bool = True


@dataclass(frozen=True)
class Log:
    """Where a function's log goes. `days` None: it is kept for ever."""

    where: Where
    function: Where | None
    days: float | None


@dataclass(frozen=True)
class Ages:
    """When a bucket's objects change to an archive's class, and when they are deleted, in days of age; None: never."""

    where: Where
    tier: str
    archived_days: float | None
    deleted_days: float | None


@dataclass(frozen=True)
class View:
    """One site. `code` runs besides functions, with the component it belongs to ("" for none). `pulls` are queues that
    wait for whoever pulls them. `secrets` are the names of those that exist, written as `stored_as` writes ours.
    `packaged_as` gives what a function's code is told by from its package's hash. `findings` are what a cloud's own
    settings show: encryption, TLS, what is open to the public.
    """

    functions: tuple[FunctionView, ...] = ()
    code: Mapping[Where, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    routes: tuple[Route, ...] = ()
    queues: tuple[Queue, ...] = ()
    identities: tuple[Identity, ...] = ()
    logs: tuple[Log, ...] = ()
    ages: tuple[Ages, ...] = ()
    secrets: frozenset[str] = frozenset()
    stored_as: Callable[[str], str] = str
    packaged_as: Callable[[str], str] = str
    pulls: tuple[Pull, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A function that shall be at a site, and the stack that has it."""

    stack: str
    plan: FunctionPlan


Look = Callable[[Deployment, Site, World, tuple[Planned, ...]], View]
"""Makes a view of a site's resources. It is told the plan for what functions need, which `Identity.needs` repeats."""
