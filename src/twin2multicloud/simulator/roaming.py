"""Devices that go where the twin is: when L1 moves to another cloud, its address changes, and so may the protocol.

The address is looked up every second. What the old gateway has not acknowledged is sent to the new one, and may have
been stored by both: it has the same id, so it is one message all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin2multicloud.simulator.link import Link, Links, Outgoing, Owner, Target

Where = Callable[[], Target | None]
"""Where devices connect now; None if that cannot be told at the moment."""


class RoamingLink:
    """A device's link, whichever gateway it leads to. To the link it has at the time it is the device."""

    def __init__(self, owner: Owner, links: Links) -> None:
        self.name = owner.name
        self._owner = owner
        self._was_online = False
        self._opened = False
        self._link = links.make(self)

    def go(self, links: Links) -> None:
        """Leave, and go on with a link of these."""
        left = self._link.leave()
        if left:
            self._owner.resent(len(left))
        self._link = links.make(self)
        if self._opened:
            self._link.open()
        for message in left:
            self._link.send(message)

    # As the simulation sees it: see `Link`

    @property
    def unacked(self) -> int:
        """As `Link.unacked`."""
        return self._link.unacked

    def open(self) -> None:
        """As `Link.open`."""
        self._opened = True
        self._link.open()

    def send(self, message: Outgoing) -> None:
        """As `Link.send`."""
        self._link.send(message)

    def drop(self, back_after_s: float) -> None:
        """As `Link.drop`."""
        self._link.drop(back_after_s)

    def check(self, now_s: float) -> None:
        """As `Link.check`."""
        self._link.check(now_s)

    def leave(self) -> list[Outgoing]:
        """As `Link.leave`."""
        return self._link.leave()

    def close(self) -> None:
        """As `Link.close`."""
        self._link.close()

    # As its link sees it: see `Owner`

    def online(self, again: bool) -> None:
        """As `Owner.online`."""
        self._owner.online(again or self._was_online)
        self._was_online = True

    def acked(self, message: Outgoing) -> None:
        """As `Owner.acked`."""
        self._owner.acked(message)

    def resent(self, count: int) -> None:
        """As `Owner.resent`."""
        self._owner.resent(count)

    def command(self, command: Mapping[str, Any]) -> None:
        """As `Owner.command`."""
        self._owner.command(command)

    def refused(self, why: str) -> None:
        """As `Owner.refused`."""
        self._owner.refused(why)

    def rejected(self, message: Outgoing, why: str) -> None:
        """As `Owner.rejected`."""
        self._owner.rejected(message, why)


class RoamingLinks:
    """See `Links`. `links_to` makes the links to a target, `where` is asked where that is now."""

    def __init__(self, target: Target, links_to: Callable[[Target], Links], where: Where) -> None:
        self._target = target
        self._links_to = links_to
        self._where = where
        self._links = links_to(target)
        self._made: list[RoamingLink] = []

    def make(self, owner: Owner) -> Link:
        """As `Links.make`."""
        link = RoamingLink(owner, self._links)
        self._made.append(link)
        return link

    def check(self, now_s: float) -> None:
        """As `Links.check`; and go to another gateway if devices are told so."""
        self._links.check(now_s)
        target = self._where()
        if target is None or target == self._target:
            return
        left, self._links, self._target = self._links, self._links_to(target), target
        for link in self._made:
            link.go(self._links)
        left.stop()

    def stop(self) -> None:
        """As `Links.stop`."""
        self._links.stop()
