"""All tables. Importing this package is what makes `Base.metadata` whole."""

from __future__ import annotations

from twin2multicloud.app.db.tables.checks import HealthChange, HealthCheck, HealthHour
from twin2multicloud.app.db.tables.costs import (
    BillImport,
    BillLine,
    Budget,
    TwinSpending,
    UsageReading,
    UsageSample,
    WorkloadSample,
    WorkspaceBudget,
)
from twin2multicloud.app.db.tables.drafts import Draft
from twin2multicloud.app.db.tables.events import Alert, AuditEntry, Event
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.people import (
    ApiKey,
    DeviceLogin,
    LoginAttempt,
    SeenAssertion,
    Session,
    TwinMember,
    User,
    Workspace,
    WorkspaceMember,
)
from twin2multicloud.app.db.tables.prices import ListedRegionRecord, PriceCheckRecord, PriceFindingRecord
from twin2multicloud.app.db.tables.runs import Claim, Run, Stage
from twin2multicloud.app.db.tables.stacks import Document, Stack, StateLock, StateVersion
from twin2multicloud.app.db.tables.telling import AlertNotice, AlertPolicy, AlertRoute, MuteRule
from twin2multicloud.app.db.tables.twins import (
    Connection,
    Optimization,
    PriceBookVersion,
    Twin,
    TwinConnection,
    TwinVersion,
)

__all__ = [
    "Alert",
    "AlertNotice",
    "AlertPolicy",
    "AlertRoute",
    "ApiKey",
    "AuditEntry",
    "BillImport",
    "BillLine",
    "Budget",
    "Claim",
    "Connection",
    "DeviceLogin",
    "Document",
    "Draft",
    "Event",
    "Glance",
    "HealthChange",
    "HealthCheck",
    "HealthHour",
    "ListedRegionRecord",
    "LoginAttempt",
    "MuteRule",
    "Optimization",
    "PriceBookVersion",
    "PriceCheckRecord",
    "PriceFindingRecord",
    "Run",
    "SeenAssertion",
    "Session",
    "Stack",
    "Stage",
    "StateLock",
    "StateVersion",
    "Twin",
    "TwinConnection",
    "TwinMember",
    "TwinSpending",
    "TwinVersion",
    "UsageReading",
    "UsageSample",
    "User",
    "WorkloadSample",
    "Workspace",
    "WorkspaceBudget",
    "WorkspaceMember",
]
