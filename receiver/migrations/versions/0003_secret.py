"""The secret that signs sessions, made here: so all receivers on the database have the same."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table with its row."""
    table = op.create_table(
        "secret",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secret"),
    )
    op.bulk_insert(table, [{"name": "session", "value": secrets.token_bytes(32)}])


def downgrade() -> None:
    """Drop the table: all sessions end."""
    op.drop_table("secret")
