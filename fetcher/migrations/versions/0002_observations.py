"""What was observed of GitHub: repositories, what is watched in them, snapshots, gates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "repositories",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("since_at", sa.BigInteger, nullable=False),
        sa.Column("plan", sa.LargeBinary),
        sa.Column("plan_due_at", sa.BigInteger),
        sa.Column("deployments_read_to", sa.BigInteger),
        sa.Column("runs_read_to", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("paused_until", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_repositories"),
        sa.UniqueConstraint("service", name="uq_repositories_service"),
    )
    op.create_table(
        "watched",
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("look_at", sa.BigInteger),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("repository", "lane", "id", name="pk_watched"),
        sa.ForeignKeyConstraint(
            ["repository"], ["repositories.name"], name="fk_watched_repository"
        ),
    )
    op.create_index(
        "ix_watched_due",
        "watched",
        ["repository", "look_at"],
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "snapshots",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_snapshots"),
        sa.ForeignKeyConstraint(
            ["repository"], ["repositories.name"], name="fk_snapshots_repository"
        ),
    )
    op.create_index("ix_snapshots_age", "snapshots", ["repository", "kept_at"])
    op.create_table(
        "gates",
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("closed_until", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("window_ends_at", sa.BigInteger),
        sa.Column("charged", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("credential", name="pk_gates"),
    )
