"""New kinds of record: what people correct, exclude and give up, stock, devices out of service."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Changes no table: the new kinds are kept like all others."""


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
