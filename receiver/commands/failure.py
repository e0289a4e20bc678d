"""How a command tells that it cannot."""


class Failure(Exception):
    """A command cannot do what it was asked to; its text, one line, says why and what helps.

    Attributes:
        code: To exit with.
    """

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code
