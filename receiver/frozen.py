"""Values that nobody changes, made as fast as those that may be changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Value = TypeVar("Value")


@dataclass_transform(frozen_default=True)
def frozen(*, slots: bool = False) -> Callable[[type[Value]], type[Value]]:
    """A dataclass that the type checker holds to be frozen, and the interpreter does not.

    A frozen dataclass is made field by field through `object.__setattr__`: for an event that takes
    eight times as long, and a matrix of the past is made of ten thousand.
    """
    return dataclass(unsafe_hash=True, slots=slots)
