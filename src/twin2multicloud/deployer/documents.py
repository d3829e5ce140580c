"""What is known of a deployment, as small documents with names: in a directory, or wherever else they are kept.

Whatever keeps them honours `tests/deployer/documents_contract.py`.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from twin2multicloud.model.errors import UsageError

LONGEST: Final = 200
"""Characters of a name."""
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class Documents(Protocol):
    """Documents and logs of one deployment, for several processes and threads, readable by its owner only.

    A name is a path such as `moves/after.json` (see `check_name`; any other is a `UsageError`). It is either a
    document's, which is read and written whole, or a log's, which only becomes more; where `a/b` is one, `a` is none.
    What changes them has happened, for good and for everybody, when it returns; a process that is killed meanwhile
    leaves all as it was, or as it was to be.
    """

    def read(self, name: str) -> bytes | None:
        """A document, None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a document. Of several writers one is the last, and all of its content is there."""
        ...

    def lines(self, name: str) -> list[bytes]:
        """The whole lines of a log; none if there is no such log. What a crash left of a line is none."""
        ...

    def append(self, name: str, line: bytes) -> None:
        """Add a line to a log, making it if need be. Lines of several writers come one after the other. `ValueError`
        for a line with a line feed within.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove a document or log, if there is one."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a document or log another name; what had that name is gone. `KeyError` if there is none to rename."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The names of documents and logs that begin so, sorted by their characters."""
        ...


class DocumentLog:
    """One log among documents, as `moving.log.Log`. `where` is what a person finds the documents by."""

    def __init__(self, documents: Documents, document: str, where: str) -> None:
        self._documents = documents
        self._document = document
        self._where = where

    @property
    def name(self) -> str:
        """As `Log.name`."""
        return f"{self._where}/{self._document}"

    def lines(self) -> list[bytes]:
        """As `Log.lines`."""
        return self._documents.lines(self._document)

    def append(self, line: bytes) -> None:
        """As `Log.append`."""
        self._documents.append(self._document, line)


def is_name(name: str) -> bool:
    """Whether it can be a document's: at most 200 of letters, digits, `.`, `_` and `-`, in parts between `/`, each
    beginning with a letter, digit or `_`.
    """
    return len(name) <= LONGEST and _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """A name that can be a document's. `UsageError` for any other."""
    if not is_name(name):
        raise UsageError(
            f"{name[:80]!r} is no name of a document; at most {LONGEST} letters, digits, . _ and -, in parts between "
            "/, make one"
        )
    return name
