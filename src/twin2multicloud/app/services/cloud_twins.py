"""A twin as it is deployed in clouds: what there is, and its stores and queues, reached with its connections."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.db.sealing import SealError
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import BackendError, ConflictError, UnavailableError
from twin2multicloud.app.services import connections, twin_connections
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.world import World, world_in
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.entry.roles import Ports
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import RawPublisher
from twin2multicloud.runtime.settings import ConfigError

REFUSED: Final = (
    StoreError,
    RejectedError,
    SourceError,
    SealError,
    ConfigError,
    Twin2MultiCloudError,
    OSError,
    ImportError,
)
"""What stores and services answer with that do not answer, refuse, or cannot be spoken to from here; no secrets are in
their texts.
"""


class Reached(Protocol):
    """Stores and queues of a deployed twin. They raise what `REFUSED` names."""

    def shared(self, site: Site) -> Ports:
        """What the slots of a site share: dead letters among it."""
        ...

    def slot(self, slot: Slot) -> Ports:
        """The stores of a slot."""
        ...

    def queues(self, slot: Slot) -> RawPublisher:
        """The queues of a slot."""
        ...


@dataclass(frozen=True)
class CloudTwin:
    """A twin as it is deployed: where its parts are, what its stacks put out and made, and ways to it.

    `environs` are the variables that sign in at each cloud.
    """

    deployment: Deployment
    outputs: Mapping[str, Any]
    world: World
    reached: Reached
    environs: Mapping[Provider, Mapping[str, str]]


Open = Callable[[str], AbstractContextManager[CloudTwin]]
"""Opens a twin by its id: `ConflictError` if it is not deployed in clouds or has no connection there,
`UnavailableError` if nobody can sign in.
"""


def opener(backend: Backend) -> Open:
    """What opens a backend's twins."""
    return partial(opened, backend)


@contextmanager
def opened(backend: Backend, twin_id: str) -> Iterator[CloudTwin]:
    """A twin in clouds, for as long as a block takes. See `Open`."""
    known = _connections(backend, twin_id)
    with ExitStack() as closing:
        try:
            found = _reached(backend, twin_id, known, closing)
        except ImportError as error:
            raise UnavailableError(
                f"what speaks to its clouds is not installed on the server ({error.name} is missing); "
                "pip install 'twin2multicloud[aws,azure,gcp]'"
            ) from error
        except BackendError:
            raise
        except (SealError, OSError, Twin2MultiCloudError) as error:
            raise UnavailableError(f"its clouds cannot be reached: {error}") from error
        yield found


def _connections(backend: Backend, twin_id: str) -> Mapping[Provider, Connection]:
    with backend.database.read() as session:
        twin = session.get_one(Twin, twin_id)
        rows = session.scalars(select(Stack.site).where(Stack.twin_id == twin_id, Stack.target == CLOUDS).distinct())
        providers = sorted({Provider(site.partition("/")[0]) for site in rows})
        if not providers:
            raise ConflictError("this twin is not deployed in clouds; deploy it there first")
        return twin_connections.used(session, twin, providers)


def _reached(backend: Backend, twin_id: str, known: Mapping[Provider, Connection], closing: ExitStack) -> CloudTwin:
    from twin2multicloud.deployer.credentials.aws_sign_in import aws_session
    from twin2multicloud.deployer.finishing.places import DeployedPlaces

    scratch = closing.enter_context(tempfile.TemporaryDirectory(prefix="sign-in-", dir=backend.settings.data))
    environs = {
        provider: closing.enter_context(connections.environment_of(backend, connection, Path(scratch, provider.value)))
        for provider, connection in known.items()
    }
    home = home_of_twin(backend, twin_id, CLOUDS)
    deployment = home.deployment()
    with home.store() as store:
        outputs, world = home.outputs(store), world_in(store, store.stacks())
    everything = {name: value for environ in environs.values() for name, value in environ.items()}
    aws = environs.get(Provider.AWS, {})
    places = DeployedPlaces(deployment, outputs, everything, aws_session=lambda region: aws_session(aws, region))
    closing.callback(places.close)
    return CloudTwin(deployment, outputs, world, places, environs)
