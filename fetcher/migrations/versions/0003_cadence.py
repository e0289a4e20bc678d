"""How often each repository is read: what that depends on, and what was learnt of the limit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("repositories", sa.Column("lane", sa.Text))
    archived = sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("repositories", archived)
    op.add_column("repositories", sa.Column("read_at", sa.BigInteger))
    op.add_column("gates", sa.Column("hourly_limit", sa.Integer))
