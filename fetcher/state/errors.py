"""Why the state can't be used; each message says what to do about it, where that is known."""


class StateError(Exception):
    """The state can't be used."""


class StateMissing(StateError):
    """There is none yet: the first fetcher that has it makes it."""


class StateInUse(StateError):
    """Another process has the state."""


class StateUnusable(StateError):
    """It can't be opened, read or written, is no state of the fetcher, or of a newer version."""


class StateLost(StateError):
    """It was open, and is no more: whoever opened it was cancelled, and may open it anew."""


class StateRemoved(StateLost):
    """The file that was open is not at its place any more, and what it told is gone with it."""
