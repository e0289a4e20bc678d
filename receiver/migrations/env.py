"""Alembic's entry: runs the migrations on the connection that receiver.database hands over."""

from alembic import context

from receiver.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
