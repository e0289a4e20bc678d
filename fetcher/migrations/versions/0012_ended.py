"""A run has ended once all of it was seen: of those from before that is to be seen once more."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Let none have ended."""
    op.execute("UPDATE watched SET ended = false")
