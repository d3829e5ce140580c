"""Bills of clouds, what they say of a twin, and how that compares with what was predicted and metered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.app.schemas.twins import Target

Period = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])]
Usd = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["12.503117"])]
"""An exact amount in USD, as a decimal number in text."""
CauseName = Literal["workload", "formula", "counting", "quantity", "price", "price-or-quantity", "not-modelled"]
BillKind = Literal["export", "query"]
"""From what a cloud exported, or from what it answers when it is asked."""
Factor = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]
_Meter = Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9.-]+$")]
_Location = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f]*$")]
_Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class BillInput(Body):
    """A billing export as CSV, in FOCUS 1.0 to 1.2 or as AWS's CUR 2.0. `usd_per` says what a unit of another currency
    is worth in USD.
    """

    target: Target = "sandbox"
    content: str = Field(min_length=1, description="The export's text.")
    source: str = Field("", max_length=200, pattern=r"^[^\x00-\x1f]*$", description="Where it is from, for people.")
    usd_per: dict[_Currency, Annotated[float, Field(gt=0, le=1e6)]] = Field(default_factory=dict, max_length=20)


class BillFetch(Body):
    """Where a cloud tells its bills, and the month. It is read with the twin's connection at that cloud.

    `export`: where it exports them to: `s3://bucket/prefix`, `https://account.blob.core.windows.net/container/prefix`,
    or a table `project.dataset.table` of BigQuery. `query`: what it answers itself, AWS (Cost Explorer, which takes
    0.01 USD a request) for an account, Azure (Cost Management) for a scope such as `/subscriptions/…`; without a
    location for those of the connection. Google Cloud has exports only.
    """

    cloud: CloudName
    kind: BillKind = "export"
    location: _Location = ""
    period: Period
    usd_per: dict[_Currency, Annotated[float, Field(gt=0, le=1e6)]] = Field(default_factory=dict, max_length=20)


class BillSourceInput(Body):
    """Where a cloud tells its bills, as in `BillFetch`, to be read again and again."""

    kind: BillKind = "export"
    location: _Location = ""
    usd_per: dict[_Currency, Annotated[float, Field(gt=0, le=1e6)]] = Field(default_factory=dict, max_length=20)


class BillSource(Answer):
    """Where a cloud's bills are read from, and when next."""

    cloud: CloudName
    kind: BillKind
    location: str
    usd_per: dict[str, float]
    set_at: datetime
    next_at: datetime


class BadBillLine(Answer):
    """A row that could not be read, and why."""

    line: int
    column: str
    problem: str
    value: str


class Bill(Answer):
    """What was last read of a cloud's bill of a month for a twin. `usd` is the sum of all lines, other twins'
    included; `problems` are the first rows that could not be read, of `bad_lines` in that export.
    """

    target: Target
    cloud: CloudName
    period: Period
    source: str
    imported_at: datetime
    lines: int
    bad_lines: int
    problems: list[BadBillLine]
    usd: Usd


class SimulatedBillInput(Body):
    """How the bill of a sandbox is to differ from what was metered: factors of prices and quantities by meter, amounts
    in USD that no meter is for by cloud, and a standard deviation of quantities (`noise`), drawn from `seed` on.
    """

    prices: dict[_Meter, Factor] = Field(default_factory=dict, max_length=200)
    quantities: dict[_Meter, Factor] = Field(default_factory=dict, max_length=200)
    unmodelled: dict[CloudName, Annotated[float, Field(ge=0, le=1e6)]] = Field(default_factory=dict)
    noise: float = Field(0.0, ge=0, le=1)
    seed: int = Field(0, ge=0, le=2**31)


class ValidatedMeter(Answer):
    """A meter in a region: quantities of a month in `unit`, amounts in USD. None: nothing was metered, or billed, or
    the bill counts in something else. `effects` add up exactly to `difference`, which is what it was (billed, else
    metered) less the prediction. `relative` is the prediction's error over what it was.
    """

    cloud: CloudName
    meter: str
    region: str
    service: str
    dimension: str
    unit: str
    predicted: float
    metered: float | None
    billed: float | None
    usd_predicted: Usd
    usd_metered: Usd | None
    usd_billed: Usd | None
    difference: Usd
    relative: float | None
    effects: dict[CauseName, Usd]
    projected: bool
    note: str


class UnmappedLines(Answer):
    """Lines of a bill that are for no meter, together. Those that are not the twin's are tagged for nobody."""

    cloud: CloudName
    service: str
    usage: str
    category: str
    reason: str
    ours: bool
    usd: Usd
    lines: int


class AgreementMeasure(Answer):
    """How well an estimate agrees with what it estimates, in USD over meters. `mape`: mean of the relative errors of
    the `lines` with an actual amount. `wape`: all errors over all actual amounts. `left_out`: meters with an estimate
    but no actual amount, which have no relative error.
    """

    estimate: Literal["predicted", "metered"]
    actual: Literal["metered", "billed"]
    lines: int
    mape: float | None
    wape: float | None
    usd_estimate: Usd
    usd_actual: Usd
    total_relative: float | None
    left_out: list[str]


class PriceBookIdentity(Answer):
    """The price book that predicted and metered amounts are calculated by."""

    version: str
    date: str
    hash: str


class Validation(Answer):
    """A month of a twin as it was predicted, metered and billed, the largest difference first. Where something stands
    in the way of any of the three, `problems` say what. `effects` explain the whole difference; they add up exactly.
    """

    twin: str
    name: str
    target: Target
    period: Period | None
    metered_s: float
    price_book: PriceBookIdentity
    meters: list[ValidatedMeter]
    unmapped: list[UnmappedLines]
    measures: list[AgreementMeasure]
    effects: dict[CauseName, Usd]
    usd_predicted: Usd
    usd_metered: Usd | None
    usd_billed: Usd | None
    usd_others: Usd
    difference: Usd
    problems: list[str]
