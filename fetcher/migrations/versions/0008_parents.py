"""Which deployments follow which, and of which commit a deployment is."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; what was watched before has no parents that were told."""
    parents = sa.Column("parents", sa.JSON, nullable=False, server_default="{}")
    op.add_column("watched", parents)
    op.add_column("watched", sa.Column("sha", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_watched_sha", "watched", ["repository", "sha"])
