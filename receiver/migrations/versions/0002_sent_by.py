"""The name of the API key that an event came with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the events before, nobody knows."""
    op.add_column("event", sa.Column("sent_by", sa.Text))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("event", "sent_by")
