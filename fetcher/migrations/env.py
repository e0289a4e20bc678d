"""Runs the migrations on the connection, and in the transaction, that it is given."""

from alembic import context

from fetcher.schema import metadata

# The caller's transaction holds all of it: a kill in the middle leaves the state as it was.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
context.run_migrations()
