"""How each campaign reaches its devices stands by itself, no longer with what a device said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reaches = op.create_table(
        "reaches",
        sa.Column("campaign", sa.String, primary_key=True),
        sa.Column("spec_sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("addresses", sa.Text, nullable=False),
        sa.Column("folder", sa.String, nullable=False),
    )
    known = sa.text(
        "SELECT d.campaign, c.spec_sequence, d.name AS source, '{}' AS addresses, d.folder "
        "FROM devices d JOIN campaigns c ON c.name = d.campaign WHERE d.name NOT LIKE '%/%'"
    )
    rows = [dict(row) for row in op.get_bind().execute(known).mappings()]
    if rows:
        op.bulk_insert(reaches, rows)
    op.drop_column("devices", "folder")


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
