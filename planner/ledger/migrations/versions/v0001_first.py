"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

_NEVER = "entries of a ledger are never changed or deleted"


def upgrade() -> None:
    _create_record()
    _create_projections()
    _create_contract()
    _guard_entries()


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")


def _create_record() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("software", sa.String, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("stop_latched_at", TIME),
        sa.Column("stop_latched_by", sa.String),
    )
    op.create_table(
        "entries",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("campaign", sa.String, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("software", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("entries_of_campaign", "entries", ["campaign", "sequence"])


def _create_projections() -> None:
    op.create_table(
        "campaigns",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("spec_digest", sa.String, nullable=False),
        sa.Column("spec_sequence", sa.BigInteger, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("wanted", sa.String, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("stopped_at", TIME),
        sa.Column("stop_rule", sa.String),
        sa.Column("stop_failed", sa.Boolean, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
    )
    op.create_table(
        "trials",
        sa.Column("campaign", sa.String, primary_key=True),
        sa.Column("trial", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("handed", sa.Boolean, nullable=False),
        sa.Column("open_run", sa.String),
        sa.Column("result_version", sa.Integer, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("campaign", sa.String, nullable=False),
        sa.Column("trial", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("handed", sa.Boolean, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("parent", sa.String),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("not_after", TIME),
        sa.Column("updated_at", TIME, nullable=False),
        sa.UniqueConstraint("campaign", "trial", "run"),
    )
    op.create_index("runs_open", "runs", ["is_open", "campaign"])
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("campaign", sa.String, nullable=False),
        sa.Column("trial", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("command", sa.String, nullable=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("not_after", TIME),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_index("outbox_of_trial", "outbox", ["campaign", "trial"])
    op.create_index("outbox_open", "outbox", ["is_open", "source"])
    op.create_table(
        "inbox",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("result_digest", sa.String, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("campaign", sa.String, nullable=False),
        sa.Column("trial", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_index("inbox_of_trial", "inbox", ["campaign", "trial"])
    op.create_index("inbox_by_state", "inbox", ["state", "campaign"])


def _create_contract() -> None:
    op.create_table(
        "leases",
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("boot_id", sa.String, nullable=False),
        sa.Column("process_started", sa.Float, nullable=False),
        sa.Column("pid_namespace", sa.String, nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_table(
        "devices",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("bound_to", sa.String),
        sa.Column("boot_id", sa.String),
        sa.Column("heartbeat_at", TIME),
        sa.Column("heartbeat_sequence", sa.BigInteger),
        sa.Column("current_key", sa.String),
        sa.Column("stop_latched_at", TIME),
        sa.Column("stop_latched_by", sa.String),
        sa.Column("maintenance_since", TIME),
        sa.Column("maintenance_reason", sa.Text),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("token_hash", sa.String, unique=True),
        sa.Column("registered_at", TIME, nullable=False),
        sa.Column("registered_by", sa.String, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.Column("revoked_by", sa.String),
    )
    op.create_table(
        "readings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("raw", sa.Float),
        sa.Column("quality", sa.String, nullable=False),
        sa.Column("source_time", TIME, nullable=False),
        sa.Column("arrival_time", TIME, nullable=False),
    )
    op.create_index("readings_of_sensor", "readings", ["source", "name", "source_time"])
    op.create_index("readings_by_arrival", "readings", ["arrival_time"])
    op.create_table(
        "artifacts",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("campaign", sa.String, primary_key=True),
        sa.Column("trial", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String, primary_key=True),
        sa.Column("key", sa.String),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_index("artifacts_of_trial", "artifacts", ["campaign", "trial"])


def _guard_entries() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_of_entries() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_NEVER}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON entries "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_entries()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER entries_stay_{change.lower()} BEFORE {change} ON entries "
            f"BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END"
        )
