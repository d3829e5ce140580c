"""What is asked for where a cloud's bill is to be read. It knows no Flet."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.schemas.bills import BillFetch, BillKind, BillSourceInput
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.app.ui.language import tr

_MONTH: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Asking:
    """A cloud, how it tells its bills, and where or of whom (`location`), of which month. `rates`: as in EUR=1.08.
    `daily`: from now on and every day, of the months that there is something new of.
    """

    month: str
    cloud: CloudName = "aws"
    kind: BillKind = "export"
    location: str = ""
    rates: str = ""
    daily: bool = False

    def problems(self) -> dict[str, str]:
        """What is wrong, by field."""
        found = {}
        if self.kind == "export" and not self.location.strip():
            found["location"] = tr("is needed")
        if not self.daily and _MONTH.fullmatch(self.month.strip()) is None:
            found["month"] = tr("write a month such as 2026-11")
        if rates_in(self.rates) is None:
            found["rates"] = tr("write what one is worth in dollars, such as EUR=1.08")
        return found

    @property
    def fetch(self) -> BillFetch:
        """Of one month."""
        return BillFetch(
            cloud=self.cloud,
            kind=self.kind,
            location=self.location.strip(),
            period=self.month.strip(),
            usd_per=rates_in(self.rates) or {},
        )

    @property
    def source(self) -> BillSourceInput:
        """Again and again."""
        return BillSourceInput(kind=self.kind, location=self.location.strip(), usd_per=rates_in(self.rates) or {})


def rates_in(text: str) -> dict[str, float] | None:
    """What a unit of currencies is worth in USD, as written; None for what is nothing of the kind."""
    found = {}
    for part in text.replace(";", " ").split():
        name, _, number = part.partition("=")
        try:
            rate = float(number)
        except ValueError:
            return None
        if _CURRENCY.fullmatch(name.upper()) is None or not (0 < rate <= 1e6 and math.isfinite(rate)):
            return None
        found[name.upper()] = rate
    return found
