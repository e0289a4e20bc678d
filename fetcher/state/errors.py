"""Why the state can't be used; each message says what to do about it, where that is known."""


class StateError(Exception):
    """The state can't be used."""


class StateMissing(StateError):
    """There is none yet: the first fetcher creates it."""


class StateInUse(StateError):
    """Another process has the state."""


class StateUnusable(StateError):
    """It can't be opened, read or written, is not a fetcher's state, or is of a newer version."""


class StateLost(StateError):
    """It was open, and is lost: whoever opened it was cancelled, and may open it again."""


class StateRemoved(StateLost):
    """The file that was open is no longer in its place, and what was in it is gone."""
