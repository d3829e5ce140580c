"""Asking clouds' monitoring services for what meters need, whichever cloud it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from twin2multicloud.costing.clouds import HOUR, Point, Query
from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider


@dataclass
class Told:
    """What a cloud told: points by the place of their query, and why it told nothing of others."""

    points: dict[int, list[Point]] = field(default_factory=dict)
    gaps: dict[int, str] = field(default_factory=dict)


class Metrics(Protocol):
    """A cloud's monitoring service in a region, as somebody may read it."""

    def ask(self, queries: Sequence[Query], begins: datetime, ends: datetime, period: timedelta = HOUR) -> Told:
        """What there is of full hours, or of other periods; `SourceError` where nothing can be asked."""
        ...


def opened(provider: Provider, region: str, environ: Mapping[str, str], closing: ExitStack) -> Metrics:
    """The service, signed in as the environment describes; what it keeps open is closed with `closing`.

    `UsageError` where nobody can sign in, or what speaks to the cloud is not installed.
    """
    try:
        if provider is Provider.AWS:
            from twin2multicloud.app.cost_sources.cloudwatch import CloudWatch

            return CloudWatch(environ, region)
        sign_in = SignIn(environ)
        closing.callback(sign_in.close)
        if provider is Provider.AZURE:
            from twin2multicloud.app.cost_sources.azure_monitor import AzureMonitor
            from twin2multicloud.deployer.credentials.arm import Arm

            arm = Arm(sign_in.azure)
            closing.callback(arm.close)
            return AzureMonitor(arm)
        from twin2multicloud.app.cost_sources.cloud_monitoring import CloudMonitoring

        return CloudMonitoring(sign_in.google)
    except ImportError as error:
        raise UsageError(
            f"what speaks to {provider.label} is not installed here ({error.name} is missing), so usage cannot be "
            f"read there; pip install 'twin2multicloud[{provider.value}]'"
        ) from error
