"""What the detector last saw of a repository."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    op.add_column("repositories", sa.Column("marker", sa.Text))
