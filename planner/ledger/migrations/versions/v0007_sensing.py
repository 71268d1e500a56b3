"""Changes of running trials are counted; new kinds of record: orders kept back, adjustments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("adjustments", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
