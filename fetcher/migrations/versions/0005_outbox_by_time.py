"""The outbox by the time of its events: for what is forgotten, and for what is put back."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_outbox_happened_at", "outbox", ["happened_at"])
