"""start"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from twin2multicloud.app.db.base import Json, Sealed, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("stack", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_run_id_id", ["run_id", "id"], unique=False)
        batch_op.create_index("ix_events_twin_id_id", ["twin_id", "id"], unique=False)
        batch_op.create_index("ix_events_workspace_id_id", ["workspace_id", "id"], unique=False)

    op.create_table(
        "listed_regions",
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "code", name=op.f("pk_listed_regions")),
    )
    op.create_table(
        "login_attempts",
        sa.Column("state_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("secrets", Sealed(), nullable=True),
        sa.Column("identity", Sealed(), nullable=True),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_login_attempts")),
    )
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_attempts_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "price_books",
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_price_books")),
        sa.UniqueConstraint("number", name=op.f("uq_price_books_number")),
    )
    op.create_table(
        "price_checks",
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("prices", Json, nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "region", name=op.f("pk_price_checks")),
    )
    op.create_table(
        "price_findings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("meter", sa.String(length=200), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("rows", Json, nullable=False),
        sa.Column("skus", Json, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_findings")),
    )
    with op.batch_alter_table("price_findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_price_findings_provider"), ["provider"], unique=False)

    op.create_table(
        "seen_assertions",
        sa.Column("assertion_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("assertion_hash", name=op.f("pk_seen_assertions")),
    )
    with op.batch_alter_table("seen_assertions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seen_assertions_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("last_seen_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("subject", name=op.f("uq_users_subject")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_users_email"), ["email"], unique=False)

    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("name", name=op.f("uq_workspaces_name")),
    )
    op.create_table(
        "alert_policies",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("severities", Json, nullable=False),
        sa.Column("escalate_from", sa.String(length=10), nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_alert_policies_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_alert_policies")),
    )
    op.create_table(
        "alert_routes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sealed", Sealed(), nullable=False),
        sa.Column("min_severity", sa.String(length=10), nullable=False),
        sa.Column("twins", Json, nullable=False),
        sa.Column("layers", Json, nullable=False),
        sa.Column("only_escalated", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_alert_routes_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_routes")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_alert_routes_workspace_id")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("made_with", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["made_with"], ["api_keys.id"], name=op.f("fk_api_keys_made_with_api_keys"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_api_keys_workspace_id_workspaces"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_made_with"), ["made_with"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_keys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "connections",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("config", Json, nullable=False),
        sa.Column("sealed", Sealed(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("check", Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_connections_workspace_id_workspaces"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_connections_workspace_id")),
    )
    op.create_table(
        "device_logins",
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_name", sa.String(length=100), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("lasts_days", sa.Integer(), nullable=False),
        sa.Column("from_address", sa.String(length=60), nullable=False),
        sa.Column("approved_by", sa.String(length=32), nullable=True),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("denied", sa.Boolean(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("polled_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_device_logins_approved_by_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_device_logins_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_device_logins")),
        sa.UniqueConstraint("user_code_hash", name=op.f("uq_device_logins_user_code_hash")),
    )
    with op.batch_alter_table("device_logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_logins_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("csrf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index("ix_sessions_expires_at", ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "twins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_twins_created_by_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_twins_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_twins")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_twins_workspace_id")),
    )
    with op.batch_alter_table("twins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_twins_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_twins_updated_at"), ["updated_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_twins_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "workspace_budgets",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("usd_per_month", sa.Double(), nullable=False),
        sa.Column("thresholds", Json, nullable=False),
        sa.Column("on_forecast", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(length=32), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_workspace_budgets_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace_budgets")),
    )
    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_workspace_members_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_workspace_members_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_workspace_members")),
    )
    with op.batch_alter_table("workspace_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workspace_members_user_id"), ["user_id"], unique=False)

    op.create_table(
        "alert_notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("route_id", sa.String(length=32), nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("sent_in", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["route_id"], ["alert_routes.id"], name=op.f("fk_alert_notices_route_id_alert_routes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_notices")),
    )
    with op.batch_alter_table("alert_notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_notices_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_alert_notices_route_id_created_at", ["route_id", "created_at"], unique=False)
        batch_op.create_index("ix_alert_notices_status_due_at", ["status", "due_at"], unique=False)

    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("fold", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("layer", sa.String(length=20), nullable=False),
        sa.Column("cloud", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=32), nullable=True),
        sa.Column("muted_until", UtcDateTime(), nullable=True),
        sa.Column("muted_by", sa.String(length=32), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("escalated", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["users.id"], name=op.f("fk_alerts_acknowledged_by_users")),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_alerts_twin_id_twins"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_alerts_workspace_id_workspaces"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("twin_id", "target", "fold", name=op.f("uq_alerts_twin_id")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alerts_last_at"), ["last_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_alerts_muted_by"), ["muted_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_alerts_workspace_id"), ["workspace_id"], unique=False)
        batch_op.create_index(
            "uq_alerts_of_workspaces",
            ["workspace_id", "target", "fold"],
            unique=True,
            sqlite_where=sa.text("twin_id IS NULL"),
            postgresql_where=sa.text("twin_id IS NULL"),
        )

    op.create_table(
        "bill_imports",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("imported_by", sa.String(length=32), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("bad_lines", sa.Integer(), nullable=False),
        sa.Column("problems", Json, nullable=False),
        sa.Column("usd", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_bill_imports_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "provider", "period", name=op.f("pk_bill_imports")),
    )
    op.create_table(
        "bill_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("begins", UtcDateTime(), nullable=False),
        sa.Column("ends", UtcDateTime(), nullable=False),
        sa.Column("day", UtcDateTime(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=True),
        sa.Column("usd", sa.Text(), nullable=False),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.Column("committed", sa.Boolean(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("twin", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_bill_lines_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_lines")),
    )
    with op.batch_alter_table("bill_lines", schema=None) as batch_op:
        batch_op.create_index("ix_bill_lines_twin_id_target_period", ["twin_id", "target", "period"], unique=False)

    op.create_table(
        "bill_sources",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("usd_per", Json, nullable=False),
        sa.Column("set_by", sa.String(length=32), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("waiting", Json, nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_bill_sources_set_by_users")),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_bill_sources_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "provider", name=op.f("pk_bill_sources")),
    )
    with op.batch_alter_table("bill_sources", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bill_sources_next_at"), ["next_at"], unique=False)

    op.create_table(
        "budgets",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("usd_per_month", sa.Double(), nullable=False),
        sa.Column("thresholds", Json, nullable=False),
        sa.Column("on_forecast", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(length=32), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_budgets_twin_id_twins"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("twin_id", name=op.f("pk_budgets")),
    )
    op.create_table(
        "documents",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sealed", Sealed(), nullable=False),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_documents_twin_id_twins"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("twin_id", "target", "name", "line", name=op.f("pk_documents")),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("twin_number", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("files", Json, nullable=False),
        sa.Column("step", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_drafts_twin_id_twins"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_drafts_workspace_id_workspaces"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_twin_id"), ["twin_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_updated_at"), ["updated_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "glances",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("health", sa.String(length=10), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("layers", Json, nullable=False),
        sa.Column("usd_per_month", sa.Double(), nullable=True),
        sa.Column("metered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_glances_twin_id_twins"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("twin_id", "target", name=op.f("pk_glances")),
    )
    with op.batch_alter_table("glances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_glances_health"), ["health"], unique=False)

    op.create_table(
        "health_changes",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("health", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_health_changes_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "subject", "at", name=op.f("pk_health_changes")),
    )
    with op.batch_alter_table("health_changes", schema=None) as batch_op:
        batch_op.create_index("ix_health_changes_at", ["at"], unique=False)
        batch_op.create_index("ix_health_changes_twin_id_at", ["twin_id", "at"], unique=False)

    op.create_table(
        "health_checks",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("health", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("limit", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_health_checks_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "subject", name=op.f("pk_health_checks")),
    )
    op.create_table(
        "health_hours",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("ok_s", sa.Double(), nullable=False),
        sa.Column("degraded_s", sa.Double(), nullable=False),
        sa.Column("down_s", sa.Double(), nullable=False),
        sa.Column("unknown_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_health_hours_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "subject", "hour", name=op.f("pk_health_hours")),
    )
    with op.batch_alter_table("health_hours", schema=None) as batch_op:
        batch_op.create_index("ix_health_hours_hour", ["hour"], unique=False)

    op.create_table(
        "mute_rules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("layer", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_mute_rules_created_by_users")),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_mute_rules_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_mute_rules_workspace_id_workspaces"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mute_rules")),
    )
    with op.batch_alter_table("mute_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mute_rules_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "optimizations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("twin_number", sa.Integer(), nullable=True),
        sa.Column("inputs", Json, nullable=False),
        sa.Column("book_hash", sa.String(length=80), nullable=False),
        sa.Column("result", Json, nullable=False),
        sa.Column("usd_per_month", sa.Double(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_optimizations_created_by_users")),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_optimizations_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_optimizations_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optimizations")),
    )
    with op.batch_alter_table("optimizations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_optimizations_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_optimizations_twin_id"), ["twin_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_optimizations_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("twin_id", sa.String(length=32), nullable=True),
        sa.Column("twin_number", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("request", Json, nullable=False),
        sa.Column("plan", Json, nullable=True),
        sa.Column("result", Json, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("approved_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["approved_by"], ["users.id"], name=op.f("fk_runs_approved_by_users")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_runs_created_by_users")),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_runs_twin_id_twins"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_runs_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("created_by", "idempotency_key", name=op.f("uq_runs_created_by")),
        sa.UniqueConstraint("twin_id", "number", name=op.f("uq_runs_twin_id")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index("ix_runs_twin_id_created_at", ["twin_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_runs_unfinished",
            ["status"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_runs_workspace_id_created_at", ["workspace_id", "created_at"], unique=False)

    op.create_table(
        "stacks",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slot", sa.String(length=20), nullable=False),
        sa.Column("site", sa.String(length=60), nullable=False),
        sa.Column("fingerprint", sa.String(length=100), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_stacks_twin_id_twins")),
        sa.PrimaryKeyConstraint("twin_id", "target", "name", name=op.f("pk_stacks")),
    )
    op.create_table(
        "state_locks",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("stack", sa.String(length=200), nullable=False),
        sa.Column("lock_id", sa.String(length=100), nullable=False),
        sa.Column("lock", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_state_locks_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "stack", name=op.f("pk_state_locks")),
    )
    op.create_table(
        "state_versions",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("stack", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(length=100), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("resources", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=100), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=True),
        sa.Column("sealed", Sealed(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_state_versions_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "stack", "number", name=op.f("pk_state_versions")),
    )
    op.create_table(
        "twin_connections",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_twin_connections_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_twin_connections_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "provider", name=op.f("pk_twin_connections")),
    )
    with op.batch_alter_table("twin_connections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_twin_connections_connection_id"), ["connection_id"], unique=False)

    op.create_table(
        "twin_members",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_twin_members_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_twin_members_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "user_id", name=op.f("pk_twin_members")),
    )
    with op.batch_alter_table("twin_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_twin_members_user_id"), ["user_id"], unique=False)

    op.create_table(
        "twin_spendings",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("of", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("usd", sa.Double(), nullable=True),
        sa.Column("forecast_usd", sa.Double(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_twin_spendings_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "of", name=op.f("pk_twin_spendings")),
    )
    op.create_table(
        "twin_versions",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("files", Json, nullable=False),
        sa.Column("placement", Json, nullable=True),
        sa.Column("overrides", Json, nullable=False),
        sa.Column("optimization_id", sa.String(length=32), nullable=True),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("usd_per_month", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_twin_versions_created_by_users")),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_twin_versions_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "number", name=op.f("pk_twin_versions")),
    )
    op.create_table(
        "usage_readings",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("elapsed_s", sa.Double(), nullable=False),
        sa.Column("counters", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_usage_readings_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", name=op.f("pk_usage_readings")),
    )
    op.create_table(
        "usage_samples",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("meter", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_usage_samples_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "hour", "meter", "region", name=op.f("pk_usage_samples")),
    )
    op.create_table(
        "workload_samples",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("site", sa.String(length=60), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_id"], ["twins.id"], name=op.f("fk_workload_samples_twin_id_twins"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("twin_id", "target", "hour", "what", "site", name=op.f("pk_workload_samples")),
    )
    op.create_table(
        "claims",
        sa.Column("twin_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_claims_run_id_runs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["twin_id"], ["twins.id"], name=op.f("fk_claims_twin_id_twins"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("twin_id", "target", name=op.f("pk_claims")),
    )
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claims_run_id"), ["run_id"], unique=False)

    op.create_table(
        "stages",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_stages_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", "attempt", name=op.f("pk_stages")),
    )


def downgrade() -> None:
    """And back."""
    op.drop_table("stages")
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claims_run_id"))

    op.drop_table("claims")
    op.drop_table("workload_samples")
    op.drop_table("usage_samples")
    op.drop_table("usage_readings")
    op.drop_table("twin_versions")
    op.drop_table("twin_spendings")
    with op.batch_alter_table("twin_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_twin_members_user_id"))

    op.drop_table("twin_members")
    with op.batch_alter_table("twin_connections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_twin_connections_connection_id"))

    op.drop_table("twin_connections")
    op.drop_table("state_versions")
    op.drop_table("state_locks")
    op.drop_table("stacks")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("ix_runs_workspace_id_created_at")
        batch_op.drop_index(
            "ix_runs_unfinished", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_runs_twin_id_created_at")

    op.drop_table("runs")
    with op.batch_alter_table("optimizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_optimizations_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_optimizations_twin_id"))
        batch_op.drop_index(batch_op.f("ix_optimizations_created_at"))

    op.drop_table("optimizations")
    with op.batch_alter_table("mute_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mute_rules_workspace_id"))

    op.drop_table("mute_rules")
    with op.batch_alter_table("health_hours", schema=None) as batch_op:
        batch_op.drop_index("ix_health_hours_hour")

    op.drop_table("health_hours")
    op.drop_table("health_checks")
    with op.batch_alter_table("health_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_health_changes_twin_id_at")
        batch_op.drop_index("ix_health_changes_at")

    op.drop_table("health_changes")
    with op.batch_alter_table("glances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_glances_health"))

    op.drop_table("glances")
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drafts_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_drafts_user_id"))
        batch_op.drop_index(batch_op.f("ix_drafts_updated_at"))
        batch_op.drop_index(batch_op.f("ix_drafts_twin_id"))

    op.drop_table("drafts")
    op.drop_table("documents")
    op.drop_table("budgets")
    with op.batch_alter_table("bill_sources", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bill_sources_next_at"))

    op.drop_table("bill_sources")
    with op.batch_alter_table("bill_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_bill_lines_twin_id_target_period")

    op.drop_table("bill_lines")
    op.drop_table("bill_imports")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alerts_of_workspaces",
            sqlite_where=sa.text("twin_id IS NULL"),
            postgresql_where=sa.text("twin_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_alerts_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_alerts_muted_by"))
        batch_op.drop_index(batch_op.f("ix_alerts_last_at"))

    op.drop_table("alerts")
    with op.batch_alter_table("alert_notices", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_notices_status_due_at")
        batch_op.drop_index("ix_alert_notices_route_id_created_at")
        batch_op.drop_index(batch_op.f("ix_alert_notices_created_at"))

    op.drop_table("alert_notices")
    with op.batch_alter_table("workspace_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workspace_members_user_id"))

    op.drop_table("workspace_members")
    op.drop_table("workspace_budgets")
    with op.batch_alter_table("twins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_twins_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_twins_updated_at"))
        batch_op.drop_index(batch_op.f("ix_twins_name"))

    op.drop_table("twins")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))
        batch_op.drop_index("ix_sessions_expires_at")

    op.drop_table("sessions")
    with op.batch_alter_table("device_logins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_logins_expires_at"))

    op.drop_table("device_logins")
    op.drop_table("connections")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_user_id"))
        batch_op.drop_index(batch_op.f("ix_api_keys_made_with"))

    op.drop_table("api_keys")
    op.drop_table("alert_routes")
    op.drop_table("alert_policies")
    op.drop_table("workspaces")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_email"))

    op.drop_table("users")
    with op.batch_alter_table("seen_assertions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seen_assertions_expires_at"))

    op.drop_table("seen_assertions")
    with op.batch_alter_table("price_findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_price_findings_provider"))

    op.drop_table("price_findings")
    op.drop_table("price_checks")
    op.drop_table("price_books")
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_attempts_expires_at"))

    op.drop_table("login_attempts")
    op.drop_table("listed_regions")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_workspace_id_id")
        batch_op.drop_index("ix_events_twin_id_id")
        batch_op.drop_index("ix_events_run_id_id")

    op.drop_table("events")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))

    op.drop_table("audit")
