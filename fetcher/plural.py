"""Numbers of things, in words."""


def counted(number: int, thing: str, things: str = "") -> str:
    """Such as "1 event" or "2,000 events"; `things` is the plural where an s does not make it."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
