"""Which price book a command calculates by."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from twin2multicloud.app.cli.failures import Session
from twin2multicloud.app.cli.newest_book import checks_here, newest_book
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.cli.profiles import Profile
    from twin2multicloud.optimizer.pricing.book import PriceBook

BUNDLED_NAME: Final = "bundled"


@dataclass(frozen=True)
class BookChoice:
    """Where no option says otherwise, the newest book of this machine: what was taken up last here; before that the one
    that `T2M_PRICES` names, or the bundled one. Else one in a directory, the bundled one by its name, or the one that a
    server has in use.

    Neither `T2M_SERVER` nor the profile in use makes it a server's.
    """

    directory: str | None = None
    server: str | None = None
    profile: str | None = None

    @classmethod
    def of(cls, session: Session, directory: str | None) -> Self:
        """What the options say."""
        return cls(directory, session.server, session.profile)

    def read(self) -> PriceBook:
        """The book. `UsageError` where a directory and a server are named, or the server cannot be meant;
        `InvalidInputError` with the faults of a book of one's own; the client's errors.
        """
        server = self._server()
        if server is not None:
            if self.directory is not None:
                raise UsageError(
                    f"--prices: {server.server} has a price book of its own; give either --prices, or --server and "
                    "--profile"
                )
            from twin2multicloud.app.cache_directory import cache_directory
            from twin2multicloud.app.cli.connect import client_to
            from twin2multicloud.app.client.kept_book import KeptBook

            with client_to(server) as client:
                return client.prices.book(KeptBook(cache_directory(os.environ), server.server))
        from twin2multicloud.optimizer.pricing.book import load_book

        directory = self.directory
        if directory is None:
            newest = newest_book()
            if newest is not None:
                return newest.prices
            directory = os.environ.get("T2M_PRICES") or BUNDLED_NAME
        return load_book(None if directory == BUNDLED_NAME else Path(directory))

    def last_seen(self, book: PriceBook) -> str:
        """The ISO date at which the prices of that book, as it was read, were last seen: a server looks them up again,
        and so does a refresh on this machine. Of the cloud whose prices wait longest.
        """
        server = self._server()
        if server is not None:
            from twin2multicloud.app.cli.connect import client_to

            with client_to(server) as client:
                return min(client.prices.identity().seen.values())
        if self.directory is not None:
            return book.date
        from twin2multicloud.optimizer.pricing.fetching.staleness import last_seen

        return min(last_seen(book, checks_here()).values())

    def _server(self) -> Profile | None:
        """The server that the options name; None where they name none, or this machine's own backend."""
        if not (self.server or self.profile):
            return None
        from twin2multicloud.app.cli.connect import chosen

        return chosen(Session(server=self.server, profile=self.profile))

    @property
    def newer(self) -> str:
        """How to get a newer one."""
        if self.server or self.profile:
            return "Have the server refresh its prices"
        return "Fetch today's (`twin2multicloud prices refresh`), give a newer book with --prices DIR"


NEWEST_BOOK: Final = BookChoice()
"""What is meant where no option says otherwise."""
