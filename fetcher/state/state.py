"""What an open state is, wherever it is."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Result = TypeVar("Result")
Transaction = Callable[[Connection], Result]


class State(Protocol):
    """An open state; its transactions run one after the other."""

    async def run(self, transaction: Transaction[Result]) -> Result:
        """Run it after those that came before, and commit it.

        Whoever is cancelled meanwhile does not know whether it was committed.

        Raises:
            StateError, SQLAlchemyError: It could not be, and has left nothing behind.
        """
