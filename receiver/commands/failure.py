"""The error of a command that cannot do its work."""


class Failure(Exception):
    """A command cannot do what it was asked to; its text, one line, says why and what helps.

    Attributes:
        code: The exit code.
    """

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code
