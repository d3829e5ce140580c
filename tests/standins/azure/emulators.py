"""Azurite and the Cosmos DB emulator as child processes, and the SDK's clients for them.

Azurite is Microsoft's. Named gaps: rehydration from the Archive tier is instant, and there is no lifecycle management.
The Cosmos DB emulator is a third party's. Named gaps: time to live, keys and request units are not looked at, a query
ignores the partition key of the request (ours also name it in the condition), OFFSET, GROUP BY and batches fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.standins.azure.rig import npm_package, running
from tests.standins.ports import free_port, listens

# The two emulators' published keys: they protect nothing.
STORAGE_ACCOUNT = "devstoreaccount1"
STORAGE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
COSMOS_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="


@dataclass(frozen=True)
class Azurite:
    """Where Azurite answers."""

    blob_port: int
    queue_port: int

    @property
    def blob_url(self) -> str:
        return f"http://127.0.0.1:{self.blob_port}/{STORAGE_ACCOUNT}"

    @property
    def queue_url(self) -> str:
        return f"http://127.0.0.1:{self.queue_port}/{STORAGE_ACCOUNT}"

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={STORAGE_ACCOUNT};AccountKey={STORAGE_KEY};"
            f"BlobEndpoint={self.blob_url};QueueEndpoint={self.queue_url};"
        )


@contextmanager
def azurite(directory: Path) -> Iterator[Azurite]:
    """Azurite, keeping all in memory."""
    script = npm_package("azurite") / "dist/src/azurite.js"
    made = Azurite(free_port(), free_port())
    command: list[str | Path] = ["node", script, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck"]
    command += ["--disableProductStyleUrl", "--blobHost", "127.0.0.1", "--blobPort", str(made.blob_port)]
    command += ["--queueHost", "127.0.0.1", "--queuePort", str(made.queue_port)]
    command += ["--tableHost", "127.0.0.1", "--tablePort", str(free_port())]
    with running("azurite", command, lambda: listens(made.blob_port) and listens(made.queue_port), directory):
        yield made


@contextmanager
def cosmos(directory: Path) -> Iterator[str]:
    """The Cosmos DB emulator on plain HTTP; yields its URL."""
    package = npm_package("@vercel/cosmosdb-server")
    port = free_port()
    command: list[str | Path] = ["node", Path(__file__).with_name("cosmos_server.js"), package, str(port)]
    with running("cosmos", command, lambda: listens(port), directory):
        yield f"http://127.0.0.1:{port}"
