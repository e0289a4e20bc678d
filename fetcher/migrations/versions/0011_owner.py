"""Whose repository an event is of.

Of the events from before, the service tells it, unless a rule named it otherwise.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

OF_OWNER = """
    UPDATE outbox SET owner = :owner WHERE service IN (
        SELECT service FROM repositories WHERE substr(lower(name), 1, :length) = :prefix
        UNION SELECT service FROM places WHERE substr(lower(repository), 1, :length) = :prefix
    )
"""


def upgrade() -> None:
    """Add the column and fill it."""
    op.add_column("outbox", sa.Column("owner", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    names = connection.execute(sa.text("SELECT name FROM repositories")).scalars()
    for owner in {name.partition("/")[0].lower() for name in names}:
        its = {"owner": owner, "prefix": f"{owner}/", "length": len(owner) + 1}
        connection.execute(sa.text(OF_OWNER), its)
