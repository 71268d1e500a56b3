"""Readings that never came are counted; a new kind of record: messages refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    missing = sa.Column("n_missing", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("reading_sources", missing)


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
