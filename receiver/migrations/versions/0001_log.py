"""The log, its slots and the remembered idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EVENT_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "event",
        sa.Column("id", EVENT_ID, primary_key=True, autoincrement=False),
        sa.Column("deployment_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Text),
        sa.Column("run_url", sa.Text),
        sa.Column("run_number", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("ref", sa.Text),
        sa.Column("sha", sa.Text),
        sa.Column("parent_deployments", sa.Text),
        sa.Column("progress_reporter", sa.Text),
    )
    for columns in (
        ("service", "environment", "happened_at", "finished", "id", "status"),
        ("happened_at", "finished", "id"),
        ("deployment_id",),
    ):
        op.create_index(f"ix_event_{'_'.join(columns)}", "event", columns)
    op.create_table(
        "slot",
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("environment", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("event_id", EVENT_ID, sa.ForeignKey("event.id"), nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_idempotency_stored_at", "idempotency", ["stored_at"])


def downgrade() -> None:
    """Drop the tables, and with them every event."""
    op.drop_table("idempotency")
    op.drop_table("slot")
    op.drop_table("event")
