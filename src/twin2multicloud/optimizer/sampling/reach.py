"""Whether a number may go from here to there."""

from __future__ import annotations

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import unknown
from twin2multicloud.model.uncertain import FIELDS
from twin2multicloud.model.validation import validated
from twin2multicloud.model.workload import Workload


def check_range(base: Workload, field: str, start: float, end: float) -> None:
    """Raise `UsageError` unless `field` of the workload may have every value of the range."""
    if field not in FIELDS:
        raise UsageError(f"along {field}: {unknown('number of a workload', field, list(FIELDS))}")
    if not start < end:
        raise UsageError(f"along {field}: a range goes up; {start:g} is not less than {end:g}")
    for value in (start, end):
        number = int(value) if FIELDS[field].whole and float(value).is_integer() else value
        _, findings = validated(Workload, {**base.model_dump(), field: number})
        if findings:
            raise UsageError("; ".join(f"along {field}, at {value:g}: {finding}" for finding in findings))
