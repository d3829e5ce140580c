"""AWS Cost Explorer: what an account was billed day by day, by GetCostAndUsage.

Each request costs 0.01 USD. It groups by two things at most, so that one request asks for kinds of charges by tag, and
then one for each of whose usage there is (the twin's, other twins', nobody's) asks for services and usage types: two to
four for a month, and one more for each further page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

from twin2multicloud.app.cost_sources.exports import Begin, SourceError, nobody
from twin2multicloud.costing import cur, focus
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import TwinTags, Whose
from twin2multicloud.costing.months import Month, month_called
from twin2multicloud.costing.selectors import selectors_of
from twin2multicloud.deployer.credentials.aws_sign_in import aws_session
from twin2multicloud.deployer.credentials.findings import gist
from twin2multicloud.model.slots import Provider

USD_PER_REQUEST: Final = 0.01
"""https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/, read in November 2026."""
_REGION: Final = "us-east-1"
"""Where Cost Explorer answers, for all regions."""
_CONFIG: Final = {"retries": {"mode": "standard", "total_max_attempts": 1}, "connect_timeout": 10, "read_timeout": 60}
_MOST_PAGES: Final = 50
_TRIES: Final = 5
_LONGEST_WAIT_S: Final = 60.0
_AGAIN: Final = frozenset(
    {"LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)
_AGAIN_STATUS: Final = frozenset({429, 500, 502, 503, 504})
_REMEDIES: Final[Mapping[str, str]] = {
    "AccessDeniedException": "the connection needs ce:GetCostAndUsage, and an account in which users may see bills",
    "DataUnavailableException": "somebody has to open Cost Explorer in the console once; a day later it knows",
}
_NO_UNIT: Final = frozenset({"", "N/A"})
_USAGE: Final = "Usage"
_OTHER: Final = "not-"
"""Before a twin's tag: the tag of what is tagged for others, whose names are not asked for."""


@dataclass(frozen=True)
class _Row:
    """A group of a day: both of its keys, its cost, and its quantity with a unit, where it has one."""

    day: str
    keys: tuple[str, str]
    cost: str
    currency: str
    quantity: str
    unit: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return _nothing(self.cost) and _nothing(self.quantity)


class CostExplorer:
    """An account's bills as whoever the environment describes may see them. `endpoint` is for stand-ins."""

    def __init__(
        self, environ: Mapping[str, str], endpoint: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        try:
            session = aws_session(environ, _REGION)
            self._client: Any = session.client("ce", endpoint_url=endpoint, config=Config(**_CONFIG))
        except BotoCoreError as error:
            raise SourceError(f"nobody can sign in at AWS: {gist(error)}") from error
        self._sleep = sleep

    def lines(
        self, period: str, twin: TwinTags, account: str = "", begin: Begin = nobody
    ) -> Iterator[CostLine | BadLine]:
        """The lines of a month (as in 2026-11), of an account of an organization, or of all that can be seen.

        Raises `SourceError` where Cost Explorer refuses, or answers with what it does not document.
        """
        month = month_called(period)
        tag, values = twin.searched
        only = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}} if account else None
        there: set[Whose] = set()
        kinds = [{"Type": "DIMENSION", "Key": "RECORD_TYPE"}, {"Type": "TAG", "Key": tag}]
        for number, row in enumerate(self._rows(month, kinds, [only], "kinds of charges", begin)):
            value = row.keys[1].removeprefix(f"{tag}$")
            whose: Whose = "nobody" if not value else "ours" if value in values else "others"
            if row.keys[0] == _USAGE:
                there.add(whose)
            else:
                yield _charge(row, month, {tag: value} if value else {}, number)
        used = {"Dimensions": {"Key": "RECORD_TYPE", "Values": [_USAGE]}}
        ours = {"Tags": {"Key": tag, "Values": list(values)}}
        untagged = {"Tags": {"Key": tag, "MatchOptions": ["ABSENT"]}}
        asked: dict[Whose, tuple[list[Any], dict[str, str], str]] = {
            "ours": ([ours], {tag: values[0]}, "the twin's usage"),
            "others": ([{"Not": ours}, {"Not": untagged}], {tag: f"{_OTHER}{values[0]}"}, "usage of others"),
            "nobody": ([untagged], {}, "usage without tags"),
        }
        groups = [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}]
        for who, (filters, tags, told) in asked.items():
            if who in there:
                for number, row in enumerate(self._rows(month, groups, [only, used, *filters], told, begin)):
                    yield _usage(row, month, tags, number)

    def _rows(
        self,
        month: Month,
        groups: Sequence[Mapping[str, str]],
        filters: Sequence[Mapping[str, Any] | None],
        told: str,
        begin: Begin,
    ) -> Iterator[_Row]:
        these = [each for each in filters if each is not None]
        asked: dict[str, Any] = {
            "TimePeriod": {"Start": f"{month.begins:%Y-%m-%d}", "End": f"{month.ends:%Y-%m-%d}"},
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost", "UsageQuantity"],
            "GroupBy": list(groups),
        }
        if these:
            asked["Filter"] = these[0] if len(these) == 1 else {"And": these}
        seen: set[str] = set()
        for number in range(1, _MOST_PAGES + 1):
            begin(f"Cost Explorer, {told}, page", number, None)
            answer = self._ask(asked)
            yield from (row for row in _read(answer, month) if not row.empty)
            token = answer.get("NextPageToken")
            if not token:
                return
            if token in seen:
                raise SourceError("Cost Explorer answers with the same page again and again")
            seen.add(token)
            asked["NextPageToken"] = token
        raise SourceError(f"Cost Explorer answers with more than {_MOST_PAGES} pages; read an export instead")

    def _ask(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        for attempt in range(_TRIES):
            wait_s = 2.0**attempt
            try:
                return self._once(asked)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                told = error.response.get("ResponseMetadata", {})
                if attempt == _TRIES - 1 or not (code in _AGAIN or told.get("HTTPStatusCode") in _AGAIN_STATUS):
                    remedy = f"; {_REMEDIES[code]}" if code in _REMEDIES else ""
                    raise SourceError(f"Cost Explorer refuses: {gist(error)}{remedy}") from error
                wait_s = _wait_s(told.get("HTTPHeaders", {}), wait_s)
            except (BotoCoreError, ResponseParserError) as error:
                if attempt == _TRIES - 1:
                    why = "cannot be asked" if isinstance(error, BotoCoreError) else "gives no answer that can be read"
                    raise SourceError(f"Cost Explorer {why}: {gist(error)}") from error
            self._sleep(min(wait_s, _LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _once(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.get_cost_and_usage(**asked)
        if not isinstance(found.get("ResultsByTime"), list):
            # boto3 makes nothing of text that is no JSON.
            raise ResponseParserError("its text is cut off, or no answer at all")
        return found


def _nothing(text: str) -> bool:
    try:
        return not Decimal(text)
    except InvalidOperation:
        return False


def _wait_s(headers: Mapping[str, str], otherwise: float) -> float:
    told = headers.get("retry-after", "")
    return float(told) if told.isdecimal() else otherwise


def _read(answer: Mapping[str, Any], month: Month) -> list[_Row]:
    """The groups of a page; a page that is none is an error, so that no half of a bill is kept."""
    try:
        rows = [
            _Row(
                day=day["TimePeriod"]["Start"],
                keys=(str(group["Keys"][0]), str(group["Keys"][1])),
                cost=str(group["Metrics"]["UnblendedCost"]["Amount"]),
                currency=str(group["Metrics"]["UnblendedCost"]["Unit"]),
                quantity=str(group["Metrics"]["UsageQuantity"]["Amount"]),
                unit=str(group["Metrics"]["UsageQuantity"]["Unit"]),
            )
            for day in answer["ResultsByTime"]
            for group in day["Groups"]
        ]
        days = {date.fromisoformat(row.day[:10]) for row in rows}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceError(f"Cost Explorer answers in another form than it documents: {error!r}") from error
    strange = [day for day in days if not month.begins.date() <= day < month.ends.date()]
    if strange:
        raise SourceError(f"Cost Explorer was asked for {month.begins:%Y-%m} and tells of {min(strange)}")
    return rows


def _usage(row: _Row, month: Month, tags: Mapping[str, str], number: int) -> CostLine | BadLine:
    service, usage = row.keys
    unit = "" if row.unit in _NO_UNIT else row.unit
    return focus.read_row(
        {
            **_cells(row, month, tags),
            "ChargeCategory": Category.USAGE.value,
            "PricingQuantity": row.quantity if unit else "",
            "PricingUnit": unit,
            "RegionId": selectors_of(Provider.AWS).region_of(usage),
            "ServiceName": service,
            "x_UsageType": usage,
        },
        number,
    )


def _charge(row: _Row, month: Month, tags: Mapping[str, str], number: int) -> CostLine | BadLine:
    """What is no plain usage: tax, credits, fees, and what reserved capacity or a savings plan stands behind."""
    kind = row.keys[0]
    category, committed = cur.kind_of(kind)
    return focus.read_row(
        {
            **_cells(row, month, tags),
            "ChargeCategory": category.value,
            "CommitmentDiscountId": kind if committed else "",
            "ServiceName": "all services together",
            "x_UsageType": kind,
        },
        number,
    )


def _cells(row: _Row, month: Month, tags: Mapping[str, str]) -> dict[str, str]:
    return {
        "BilledCost": row.cost,
        "BillingCurrency": row.currency,
        "BillingPeriodStart": month.begins.isoformat(),
        "BillingPeriodEnd": month.ends.isoformat(),
        "ChargePeriodStart": row.day,
        "ChargePeriodEnd": row.day,
        "ProviderName": "AWS",
        "Tags": json.dumps(dict(tags)) if tags else "",
    }
