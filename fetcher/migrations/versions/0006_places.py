"""The services that units of repositories were given."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and an index to find what was told of a deployment."""
    op.create_table(
        "places",
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("repository", "unit", "environment", name="pk_places"),
        sa.ForeignKeyConstraint(["repository"], ["repositories.name"], name="fk_places_repository"),
    )
    op.create_index("ix_outbox_deployment_id", "outbox", ["deployment_id"])
