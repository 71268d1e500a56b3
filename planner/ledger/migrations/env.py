"""Alembic's entry: it runs in the transaction of whoever opens the ledger."""

from __future__ import annotations

from alembic import context

from planner.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="ledger_migrations",
    render_as_batch=True,  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()
