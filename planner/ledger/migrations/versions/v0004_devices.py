"""How a source's devices are reached, and the emergency stop as a kind of record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the campaign and the folder of a device; no row was ever written before."""
    for name in ("campaign", "folder"):
        op.add_column("devices", sa.Column(name, sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
