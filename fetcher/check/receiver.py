"""What `check` finds of the receiver: whether it is there, and takes the key."""

from fetcher.check.findings import Finding
from fetcher.deliver.outcome import Blocked, Busy, Refused, Stored
from fetcher.deliver.receiver import Receiver

SUBJECT = "the receiver"
# The key is looked at before the body, and no event is empty: with a good key it is refused.
NO_EVENT = b"{}"


async def check_receiver(receiver: Receiver) -> list[Finding]:
    """Post what is no event, so that nothing is stored."""
    match await receiver.post("check", NO_EVENT):
        case Refused():
            version = await receiver.version()
            text = f"takes the key{f' (version {version})' if version else ''}"
            return [Finding("ok", SUBJECT, text)]
        case Stored():
            return [Finding("error", SUBJECT, "accepts an empty event, so it is not a receiver")]
        case Blocked(reason):
            return [Finding("error", SUBJECT, reason)]
        case Busy(reason):
            return [Finding("error", SUBJECT, reason, "It asks to wait: try again in a minute")]
        case outcome:
            return [Finding("error", SUBJECT, outcome.reason, "Is it running at that address?")]
