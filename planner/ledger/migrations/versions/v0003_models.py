"""New kinds of record: which models were compared, and how their intervals are corrected."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Changes no table: the new kinds are kept like all others."""


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
