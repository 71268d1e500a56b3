"""Proposals hold why a model chose them, in figures, and how well they were searched for."""

from __future__ import annotations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Changes no table: a proposal is kept whole, and older ones have neither."""


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
