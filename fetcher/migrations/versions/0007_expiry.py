"""When it was last said that a credential expires soon."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("gates", sa.Column("warned_at", sa.BigInteger))
