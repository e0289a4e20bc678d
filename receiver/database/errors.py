"""What goes wrong with the database, for those above it."""


class StoreUnavailable(Exception):
    """The database cannot do it now; nothing of the request was acknowledged."""
