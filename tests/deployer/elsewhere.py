"""A home that is no directory: documents in memory, states and scratch each in a place of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from twin2multicloud.deployer.documents import check_name
from twin2multicloud.deployer.home import BusyError, Home
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.runtime.system_clock import SystemClock


class MemoryDocuments:
    """Documents that no file shows."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes | list[bytes]] = {}

    def read(self, name: str) -> bytes | None:
        content = self.contents.get(check_name(name))
        assert not isinstance(content, list)
        return content

    def write(self, name: str, content: bytes) -> None:
        self.contents[check_name(name)] = content

    def lines(self, name: str) -> list[bytes]:
        return list(self.contents.get(check_name(name), []))  # type: ignore[arg-type]

    def append(self, name: str, line: bytes) -> None:
        self.contents.setdefault(check_name(name), []).append(line)  # type: ignore[union-attr]

    def delete(self, name: str) -> None:
        self.contents.pop(check_name(name), None)

    def rename(self, old: str, new: str) -> None:
        self.contents[check_name(new)] = self.contents.pop(check_name(old))

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self.contents if name.startswith(prefix))


class Changers:
    """Lets one in at a time."""

    def __init__(self) -> None:
        self.inside = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if self.inside:
            raise BusyError("somebody else is changing it")
        self.inside = True
        try:
            yield
        finally:
            self.inside = False


def in_memory(directory: Path, documents: MemoryDocuments) -> Home:
    """A home whose documents are in no file, with its states and its scratch in two directories."""
    directory.mkdir(parents=True, exist_ok=True)
    return Home(
        documents,
        directory / "scratch",
        lambda: closing(SqliteStateStore(directory / "states" / "all.db", SystemClock())),
        Changers(),
        where="berlin",
    )
