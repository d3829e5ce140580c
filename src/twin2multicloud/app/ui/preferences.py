"""What somebody likes: how bright, in which currency and language. Kept in their browser; it holds nothing secret."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, Self

import msgspec

from twin2multicloud.app.ui.store import Store

KEY: Final = "twin2multicloud.preferences"
Brightness = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class Currency:
    """In what money is shown. Prices are in USD; `per_usd` is the rate that somebody entered, and `as_of` the day it is
    of (2026-11-26).
    """

    code: str = "USD"
    symbol: str = "$"
    per_usd: float = 1.0
    as_of: str = ""

    @property
    def converted(self) -> bool:
        """Whether amounts are others than the clouds charge."""
        return self.code != "USD"


@dataclass(frozen=True)
class Choices:
    """All preferences."""

    brightness: Brightness = "system"
    currency: Currency = Currency()
    language: str = "en"


class Preferences(Store):
    """A session's preferences."""

    def __init__(self) -> None:
        super().__init__()
        self.choices = Choices()

    def choose(
        self,
        *,
        brightness: Brightness | None = None,
        currency: Currency | None = None,
        language: str | None = None,
    ) -> None:
        """Change some."""
        self.choices = replace(
            self.choices,
            brightness=brightness or self.choices.brightness,
            currency=currency or self.choices.currency,
            language=language or self.choices.language,
        )
        self.changed()

    def written(self) -> str:
        """As text to be kept."""
        return msgspec.json.encode(asdict(self.choices)).decode()

    def read(self, text: str | None) -> Self:
        """What was kept; what cannot be read is left at its default."""
        if text:
            try:
                self.choices = msgspec.json.decode(text, type=Choices)
            except (msgspec.DecodeError, msgspec.ValidationError):
                return self
            self.changed()
        return self
