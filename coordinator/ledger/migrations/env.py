"""What Alembic runs: apply migrations to the connection that `coordinator.ledger.schema` opened, in its transaction."""

from __future__ import annotations

from alembic import context

from coordinator.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller holds the transaction and commits it: all migrations, or none.
    transactional_ddl=True,
)
context.run_migrations()
