"""Clients of the services, made when first asked for. An emulator is used where its environment variable names one.

The variables are those of Google's own clients; `SECRET_MANAGER_EMULATOR_HOST` is ours, since no such emulator exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from google.cloud.bigtable_v2 import BigtableClient
    from google.cloud.firestore import Client as FirestoreClient
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.pubsub_v1 import PublisherClient, SubscriberClient

BIGTABLE: Final = "BIGTABLE_EMULATOR_HOST"
PUBSUB: Final = "PUBSUB_EMULATOR_HOST"
SECRET_MANAGER: Final = "SECRET_MANAGER_EMULATOR_HOST"  # noqa: S105  a variable
_MOST_BYTES: Final = 64 * 2**20
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MOST_BYTES),
    ("grpc.max_send_message_length", _MOST_BYTES),
)


class Clients:
    """One client per service of a project; several threads may ask. Importing an SDK waits until then.

    Without `credentials` (google-auth's) the clients find those of the machine they run on.
    """

    def __init__(
        self, project: str, environment: Mapping[str, str], database: str = "(default)", credentials: Any = None
    ) -> None:
        self.project = project
        self._credentials = credentials
        self._environment = environment
        self._database = database

    @cached_property
    def firestore(self) -> FirestoreClient:
        """Honours FIRESTORE_EMULATOR_HOST by itself."""
        from google.cloud.firestore import Client

        return Client(project=self.project, database=self._database, credentials=self._credentials)

    @cached_property
    def bigtable(self) -> BigtableClient:
        """The generated client of Bigtable's data."""
        from google.cloud.bigtable_v2 import BigtableClient
        from google.cloud.bigtable_v2.services.bigtable.transports import BigtableGrpcTransport

        return BigtableClient(**self._reached(BigtableGrpcTransport, BIGTABLE))

    @cached_property
    def storage(self) -> Any:
        """Honours STORAGE_EMULATOR_HOST by itself."""
        from google.cloud.storage import Client  # type: ignore[import-untyped]

        return Client(project=self.project, credentials=self._credentials)

    @cached_property
    def publisher(self) -> PublisherClient:
        """The generated client, which publishes when it is called and not later."""
        from google.pubsub_v1 import PublisherClient
        from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

        return PublisherClient(**self._reached(PublisherGrpcTransport, PUBSUB))

    @cached_property
    def subscriber(self) -> SubscriberClient:
        """For workers that pull."""
        from google.pubsub_v1 import SubscriberClient
        from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

        return SubscriberClient(**self._reached(SubscriberGrpcTransport, PUBSUB))

    @cached_property
    def secret_manager(self) -> SecretManagerServiceClient:
        """The client of Secret Manager."""
        from google.cloud.secretmanager_v1 import SecretManagerServiceClient
        from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
            SecretManagerServiceGrpcTransport,
        )

        return SecretManagerServiceClient(**self._reached(SecretManagerServiceGrpcTransport, SECRET_MANAGER))

    def _reached(self, kind: Any, variable: str) -> dict[str, Any]:
        """How a gRPC client reaches its service: the emulator that the variable names, which wants no credentials, or
        Google's own.
        """
        import grpc  # type: ignore[import-untyped]

        host = self._environment.get(variable)
        if host:
            return {"transport": kind(channel=grpc.insecure_channel(host, options=_OPTIONS))}
        return {"credentials": self._credentials}
