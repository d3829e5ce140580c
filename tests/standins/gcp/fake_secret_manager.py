"""A small fake of Secret Manager, for the official client over gRPC, since no emulator of it exists.

It knows what the runtime calls: CreateSecret, AddSecretVersion, AccessSecretVersion (a number or "latest"),
ListSecretVersions (the filter "NOT state:DESTROYED" only, in pages), DestroySecretVersion; with the service's codes
for what is not there, is there already or is destroyed, its limit of 64 KiB and its CRC. It has no permissions, no
replication, no rotation, no etags, and keeps everything in memory. We wrote it from the client's protocol: that our
adapter works with it does not show that Google agrees.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import google_crc32c
import grpc  # type: ignore[import-untyped]
from google.cloud.secretmanager_v1 import types

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_SECRET = re.compile(r"projects/[^/]+/secrets/[A-Za-z0-9_-]{1,255}")
_STATE = types.SecretVersion.State
_PAGE = 2  # small, so that paging is met

Versions = list[tuple[bytes, "types.SecretVersion.State"]]


class FakeSecretManager:
    """The secrets, by full name, each a list of its versions."""

    def __init__(self) -> None:
        self.secrets: dict[str, Versions] = {}
        self.failures: list[grpc.StatusCode] = []
        """Codes that the next calls are answered with, instead of being carried out."""
        self._lock = threading.RLock()

    def create_secret(self, request: types.CreateSecretRequest, context: grpc.ServicerContext) -> types.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if not _SECRET.fullmatch(name) or "replication" not in request.secret:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"bad secret {name}")
        if name in self.secrets:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        self.secrets[name] = []
        return types.Secret(name=name, replication=request.secret.replication)

    def add_secret_version(
        self, request: types.AddSecretVersionRequest, context: grpc.ServicerContext
    ) -> types.SecretVersion:
        versions = self._versions(request.parent, context)
        if len(request.payload.data) > 65_536:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The payload is larger than 64 KiB.")
        versions.append((request.payload.data, _STATE(_STATE.ENABLED)))
        return types.SecretVersion(name=f"{request.parent}/versions/{len(versions)}", state=_STATE.ENABLED)

    def access_secret_version(
        self, request: types.AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> types.AccessSecretVersionResponse:
        parent, number, (data, state) = self._version(request.name, context)
        name = f"{parent}/versions/{number}"
        if state != _STATE.ENABLED:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{name}] is in DESTROYED state.")
        payload = types.SecretPayload(data=data, data_crc32c=google_crc32c.value(data))
        return types.AccessSecretVersionResponse(name=name, payload=payload)

    def list_secret_versions(
        self, request: types.ListSecretVersionsRequest, context: grpc.ServicerContext
    ) -> types.ListSecretVersionsResponse:
        if request.filter not in ("", "NOT state:DESTROYED"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"filter {request.filter} is not known here")
        found = [
            types.SecretVersion(name=f"{request.parent}/versions/{number}", state=state)
            for number, (_, state) in enumerate(self._versions(request.parent, context), 1)
            if not request.filter or state != _STATE.DESTROYED
        ][::-1]
        start = int(request.page_token or 0)
        following = str(start + _PAGE) if start + _PAGE < len(found) else ""
        return types.ListSecretVersionsResponse(versions=found[start : start + _PAGE], next_page_token=following)

    def destroy_secret_version(
        self, request: types.DestroySecretVersionRequest, context: grpc.ServicerContext
    ) -> types.SecretVersion:
        parent, number, _ = self._version(request.name, context)
        self.secrets[parent][number - 1] = (b"", _STATE(_STATE.DESTROYED))
        return types.SecretVersion(name=request.name, state=_STATE.DESTROYED)

    def _versions(self, parent: str, context: grpc.ServicerContext) -> Versions:
        if parent not in self.secrets:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{parent}] not found.")
        return self.secrets[parent]

    def _version(
        self, name: str, context: grpc.ServicerContext
    ) -> tuple[str, int, tuple[bytes, types.SecretVersion.State]]:
        parent, _, wanted = name.partition("/versions/")
        versions = self._versions(parent, context)
        number = len(versions) if wanted == "latest" else int(wanted)
        if not 1 <= number <= len(versions):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")
        return parent, number, versions[number - 1]

    def answer(self, method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        """A method as gRPC calls it."""
        act = getattr(self, method)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            with self._lock:
                if self.failures:
                    context.abort(self.failures.pop(0), "asked for by a test")
                return act(request, context)

        return handle


_METHODS: dict[str, tuple[str, Any, Any]] = {
    "CreateSecret": ("create_secret", types.CreateSecretRequest, types.Secret),
    "AddSecretVersion": ("add_secret_version", types.AddSecretVersionRequest, types.SecretVersion),
    "AccessSecretVersion": (
        "access_secret_version",
        types.AccessSecretVersionRequest,
        types.AccessSecretVersionResponse,
    ),
    "ListSecretVersions": ("list_secret_versions", types.ListSecretVersionsRequest, types.ListSecretVersionsResponse),
    "DestroySecretVersion": ("destroy_secret_version", types.DestroySecretVersionRequest, types.SecretVersion),
}


@contextmanager
def serving(fake: FakeSecretManager) -> Iterator[str]:
    """Serve a fake on a free loopback port; yields host:port."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            fake.answer(method), request_deserializer=request.deserialize, response_serializer=answer.serialize
        )
        for name, (method, request, answer) in _METHODS.items()
    }
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()
