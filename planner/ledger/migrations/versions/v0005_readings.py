"""Readings as they are written: whole microseconds, one row a sensor, means, what sources sent.

The table of the first migration was never written to.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("readings")
    op.create_table(
        "sensors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("thinned_until_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("source", "name"),
    )
    op.create_table(
        "readings",
        sa.Column("sensor", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("arrived_us", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.Float),
        sa.Column("raw_unit", sa.String),
        sa.Column("converted", sa.Float),
        sa.Column("said", sa.String, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("quality", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reading_means",
        sa.Column("sensor", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("start_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("span_us", sa.BigInteger, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("n_good", sa.BigInteger, nullable=False),
        sa.Column("mean", sa.Float),
        sa.Column("sd", sa.Float),
        sa.Column("lowest", sa.Float),
        sa.Column("highest", sa.Float),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reading_sources",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("n_kept", sa.BigInteger, nullable=False),
        sa.Column("n_repeated", sa.BigInteger, nullable=False),
        sa.Column("n_refused", sa.BigInteger, nullable=False),
        sa.Column("refused_why", sa.String),
        sa.Column("heard_us", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("A ledger only goes forward; restore a backup instead.")
