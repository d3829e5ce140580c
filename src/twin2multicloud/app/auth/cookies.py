"""Names and attributes of cookies. Pure: what is sent is said here, sending it is the API's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_BASE: Final = "t2m_"


@dataclass(frozen=True)
class Cookie:
    """One cookie as it is set. Its value None takes it away."""

    name: str
    value: str | None
    lasts: timedelta
    secure: bool
    http_only: bool


@dataclass(frozen=True)
class Cookies:
    """The cookies of an origin. Over https their names begin with `__Host-`: browsers then take them only from this
    very host, over https and for all paths, so that no other host of the domain can plant one.
    """

    secure: bool

    @classmethod
    def of(cls, origin: str) -> Cookies:
        """Those of an origin such as https://twins.example.org."""
        return cls(origin.startswith("https://"))

    @property
    def session(self) -> str:
        """Who is signed in; scripts cannot read it."""
        return self._name("session")

    @property
    def csrf(self) -> str:
        """What scripts of ours send back with every change."""
        return self._name("csrf")

    @property
    def attempt(self) -> str:
        """Which browser began to sign in; scripts cannot read it."""
        return self._name("login")

    def make(self, name: str, value: str | None, lasts: timedelta = timedelta()) -> Cookie:
        """One to be set; without a value, taken away."""
        return Cookie(name, value, lasts if value is not None else timedelta(), self.secure, name != self.csrf)

    def _name(self, base: str) -> str:
        return f"__Host-{_BASE}{base}" if self.secure else f"{_BASE}{base}"
