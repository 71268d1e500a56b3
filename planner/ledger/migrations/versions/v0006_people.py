"""Who was registered and revoked; approvals of a trial; new kinds of record: approvals, alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_acts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.add_column("trials", sa.Column("approvals", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
