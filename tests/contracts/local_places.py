"""What the local contract tests share: closing what was opened."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar


class Closable(Protocol):
    """Has a file open."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


@contextmanager
def opener(open_one: Callable[[], C]) -> Generator[Callable[[], C], None, None]:
    """A factory whose products are closed at the end."""
    with ExitStack() as stack:

        def open_and_remember() -> C:
            opened = open_one()
            stack.callback(opened.close)
            return opened

        yield open_and_remember
