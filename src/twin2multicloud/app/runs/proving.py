"""Looking at how a deployment in the clouds is wired: its proof, and the keys of its links.

Both ask the clouds for the links documents, signed in as a run of the twin would be; a rehearsal has none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.deploying.clouds import Clouds
from twin2multicloud.app.deploying.finishing import Finisher
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.runs.environment import environment_of_run
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.deployer.credentials.environment import credentials_of
from twin2multicloud.deployer.home import Home


class _Silent:
    """A `Teller` of something that only looks."""

    def plan(self, plans: Mapping[str, Any], total_usd: float) -> None:
        """Nobody is told."""

    def agreed(self, question: str, expected: str) -> bool:  # noqa: ARG002
        """Nothing is agreed to."""
        return False

    def say(self, text: str) -> None:
        """Nobody is told."""

    def reveal(self, lines: tuple[str, ...]) -> None:
        """Nobody is told."""

    def event(self, stack: str, event: object) -> None:
        """Nobody is told."""

    def step(self, progress: object) -> None:
        """Nobody is told."""

    def outcome(self, outcomes: Mapping[str, Any]) -> None:
        """Nobody is told."""


def proof(backend: Backend, twin_id: str, target: Target) -> shapes.Proof:
    """What is wrong with how a deployment is wired; `ConflictError` where there is none to be proven."""
    with _deployed(backend, twin_id, target) as (home, environment):
        credentials = partial(credentials_of, environ=environment)
        clouds = Clouds(home, _Silent(), credentials, offline=target == "rehearsal", environ=environment)
        findings = clouds.prove()
    shown = [
        shapes.ProofFinding(
            severity=each.severity.value,
            rule=each.rule.value,
            stack=each.where.stack,
            address=each.where.address,
            what=each.what,
            remedy=each.remedy,
        )
        for each in findings
    ]
    return shapes.Proof(proven=not shown, findings=shown)


def link_ends(backend: Backend, twin_id: str, target: Target) -> list[shapes.LinkEnd]:
    """Both ends of every link, with ids and ages of keys where there are links documents."""
    with _deployed(backend, twin_id, target) as (home, environment):
        deployment = home.deployment()
        finisher = Finisher(home, _Silent(), offline=target == "rehearsal", environ=environment)
        with home.store() as store:
            documents = finisher.documents(deployment, store)
        blueprint = deployment.blueprint
    now = time.time()
    by_cloud = {site.provider.value: document for site, document in (documents or {}).items()}
    found = []
    for link in blueprint.links:
        if not link.apart:
            continue
        sender, receiver = (link.source, link.target) if link.push else (link.target, link.source)
        ends = blueprint.places[sender].provider.value, blueprint.places[receiver].provider.value
        out = by_cloud[ends[0]].out.get(link.edge) if ends[0] in by_cloud else None
        into = by_cloud[ends[1]].into.get(link.edge, ()) if ends[1] in by_cloud else ()
        endpoint = None if out is None else out.url
        for cloud, peer, direction, keys in (
            (ends[0], ends[1], "out", () if out is None else out.keys),
            (ends[1], ends[0], "in", into),
        ):
            found.append(
                shapes.LinkEnd(
                    edge=link.edge,
                    cloud=cloud,
                    peer=peer,
                    direction="out" if direction == "out" else "in",
                    endpoint=endpoint,
                    key_ids=None if documents is None else [key.id for key in keys],
                    key_age_s=now - keys[0].created if keys else None,
                )
            )
    return found


@contextmanager
def _deployed(backend: Backend, twin_id: str, target: Target) -> Iterator[tuple[Home, Mapping[str, str]]]:
    home = home_of_twin(backend, twin_id, target)
    if target == "sandbox" or not home.exists or not home.applied():
        raise ConflictError("nothing of this twin is deployed there; deploy it in the clouds, or rehearse that, first")
    with (
        TemporaryDirectory(prefix="t2m-look-") as scratch,
        environment_of_run(backend, twin_id, Path(scratch)) as environment,
    ):
        yield home, environment
