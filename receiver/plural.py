"""Numbers of things, in the words of whoever reads them."""


def counted(number: int, thing: str) -> str:
    """As "1 event", "2,000 events"; `thing` is one of them."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
