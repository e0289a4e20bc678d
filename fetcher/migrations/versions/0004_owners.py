"""The owners whose repositories are followed; snapshots are of their lists, too.

What is dropped is a cache: it is asked for anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and that of the snapshots anew."""
    op.create_table(
        "owners",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("repositories", sa.LargeBinary, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_owners"),
    )
    op.drop_table("snapshots")
    op.create_table(
        "snapshots",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_age", "snapshots", ["subject", "kept_at"])
