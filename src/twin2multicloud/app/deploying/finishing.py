"""What follows the stacks, with the person's own credentials: links, secrets, devices, the graph's content, dashboards.

Rehearsals have no clouds whose data planes could be asked: they only say what would be done.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

from twin2multicloud.app.deploying.session import extra
from twin2multicloud.app.deploying.teller import Teller
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.planned import Moment, planned_steps
from twin2multicloud.deployer.finishing.rotation import rotate_keys
from twin2multicloud.deployer.finishing.secrets import given_secrets, webhook_secrets
from twin2multicloud.deployer.finishing.steps import Did, Finishing, FinishingError
from twin2multicloud.deployer.finishing.tools import CloudTools
from twin2multicloud.deployer.finishing.wiring import read_documents, sites_with_secrets
from twin2multicloud.deployer.home import Home
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.links import LinksDocument

_EXTRAS: Final = "deploy,aws,azure,gcp"


class Finisher:
    """The steps after Terraform for one deployment, whatever of it is there."""

    def __init__(self, home: Home, teller: Teller, *, offline: bool, environ: Mapping[str, str] = os.environ) -> None:
        self._home = home
        self._teller = teller
        self._offline = offline
        self._environ = environ

    def finish(self, deployment: Deployment, store: StateStore, moment: Moment = Moment.STACKS) -> None:
        """Do what is due. Raises `FinishingError` if a step failed; running it again does the rest."""
        if self._offline:
            if moment is Moment.STACKS:
                for step in planned_steps(deployment):
                    self._teller.say(f"then, in a real deployment: {step.name}: {step.will}")
            return
        with self._reached(deployment, store) as (outputs, tools):
            given = given_secrets(webhook_secrets(deployment.spec), self._environ)
            steps = Finishing(deployment, outputs, tools, self._home.kept, given, now=time.time)
            try:
                self._tell(steps.run(moment, self._teller.step))
            except FinishingError as error:
                self._tell(error.did)  # passwords among it are shown now or never
                raise

    def _tell(self, done: Iterable[Did]) -> None:
        for did in done:
            self._teller.say(f"{did.step}: {did.text}")
            if did.once:
                self._teller.reveal(did.once)

    def leave(self, deployment: Deployment, store: StateStore, slots: Collection[Slot]) -> None:
        """Before slots are destroyed: their neighbours forget them. What cannot be done is told and holds nobody up."""
        self._before(deployment, store, lambda steps: steps.leave(slots, self._teller.step))

    def empty(self, deployment: Deployment, store: StateStore, slots: Collection[Slot]) -> None:
        """Before a slot that was moved is destroyed at its old place: what was made there goes; links stay."""
        self._before(deployment, store, lambda steps: steps.empty(slots, self._teller.step))

    def _before(self, deployment: Deployment, store: StateStore, act: Callable[[Finishing], object]) -> None:
        if self._offline:
            return
        try:
            with self._reached(deployment, store) as (outputs, tools):
                act(Finishing(deployment, outputs, tools, self._home.kept, {}, now=time.time))
        except Twin2MultiCloudError as error:
            self._teller.say(f"warning: {error}")

    def documents(self, deployment: Deployment, store: StateStore) -> dict[Site, LinksDocument] | None:
        """The links documents of all sites; None in a rehearsal, which has none."""
        if self._offline:
            return None
        with self._reached(deployment, store) as (outputs, tools):
            return dict(read_documents(sites_with_secrets(deployment, outputs), tools.secrets))

    def rotate(self, deployment: Deployment, store: StateStore, *, at_once: bool) -> int:
        """New keys for every link; how many."""
        with self._reached(deployment, store) as (outputs, tools):
            return rotate_keys(deployment, outputs, tools.secrets, self._teller.step, now=time.time(), at_once=at_once)

    @contextmanager
    def _reached(self, deployment: Deployment, store: StateStore) -> Iterator[tuple[dict[str, Any], CloudTools]]:
        """What the stacks put out, and clients of the clouds until the end of the block."""
        outputs = self._home.outputs(store)
        with closing(CloudTools(deployment, outputs, self._environ)) as tools, extra(_EXTRAS):
            yield outputs, tools
