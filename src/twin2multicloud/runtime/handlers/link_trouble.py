"""Trouble of a link: told while its client still tries, and once per POST."""

from __future__ import annotations

import msgspec

from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, LinkError
from twin2multicloud.runtime.ports import Reporter


class LinkTrouble:
    """What one POST has to tell of its link. Its client calls it while it goes on trying; `failed` is how it ended."""

    def __init__(self, edge: str, component: str, reporter: Reporter) -> None:
        self._edge = edge
        self._component = component
        self._reporter = reporter
        self._told = ""

    def __call__(self, error: LinkError, attempt: int) -> None:
        """As `link_client.Troubled`."""
        report = link_report(error, self._edge, self._component)
        self._told = report.fold_key
        message = f"{report.message} (attempt {attempt}; it is tried again)"
        self._reporter.report([msgspec.structs.replace(report, message=message)])

    def failed(self, error: LinkError) -> HandlerError:
        """The batch comes again. What was told already is not told twice."""
        report = link_report(error, self._edge, self._component)
        return HandlerError(report, retry_after_s=error.retry_after_s, told=report.fold_key == self._told)


def link_report(error: LinkError, edge: str, component: str) -> ErrorReport:
    """A failed POST as an error report."""
    refused = error.status is not None and 400 <= error.status < 500 and error.status not in (408, 429)
    return ErrorReport(
        layer="L2",
        severity="error" if refused else "warning",
        kind=ErrorKind.LINK_REFUSED if refused else ErrorKind.LINK_TIMEOUT,
        message=str(error),
        component=component,
        link=edge,
    )
