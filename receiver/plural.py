"""Numbers of things, in words."""


def counted(number: int, thing: str) -> str:
    """Such as "1 event" or "2,000 events"; `thing` is the singular."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
