"""What GitHub knows a repository by, whatever it is called."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("repositories") as table:
        table.add_column(sa.Column("github_id", sa.BigInteger))
        table.add_column(sa.Column("full_name", sa.Text))
        table.create_unique_constraint("uq_repositories_github_id", ["github_id"])
