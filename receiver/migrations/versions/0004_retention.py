"""How far old events have been removed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EVENT_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Nothing has been removed yet; the keys are found by the event they led to."""
    op.create_table(
        "retention",
        sa.Column("removed_to", EVENT_ID, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO retention (removed_to, due_at) VALUES (0, 0)")
    op.create_index("ix_idempotency_event_id", "idempotency", ["event_id"])


def downgrade() -> None:
    """Forget it."""
    op.drop_index("ix_idempotency_event_id", "idempotency")
    op.drop_table("retention")
