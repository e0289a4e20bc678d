"""Sessions: known again by whoever has the secret, and by nobody else."""

from datetime import timedelta

import pytest

from receiver.access import fingerprint
from receiver.session import Sessions
from tests.receiver.examples import NOON

KEY, ANOTHER = fingerprint("a-key-to-read-with"), fingerprint("another-key-to-read-with")
LIFE = timedelta(days=30)


def sessions(*known: str, secret: bytes = b"s" * 32) -> Sessions:
    made = Sessions(secret, LIFE)
    made.change(known)
    return made


def test_a_session_is_known_by_every_receiver_with_the_secret_until_its_time() -> None:
    session = sessions(KEY).begin(KEY, NOON)

    assert sessions(ANOTHER, KEY).ends_at(session) == NOON + LIFE


def test_a_session_ends_with_its_key() -> None:
    session = sessions(KEY).begin(KEY, NOON)

    assert sessions(ANOTHER).ends_at(session) is None
    assert sessions().ends_at(session) is None


def test_a_session_of_another_database_is_none() -> None:
    session = sessions(KEY, secret=b"t" * 32).begin(KEY, NOON)

    assert sessions(KEY).ends_at(session) is None


def test_a_session_tells_nothing_of_its_key() -> None:
    one = sessions(KEY).begin(KEY, NOON)
    same_elsewhere = sessions(KEY, secret=b"t" * 32).begin(KEY, NOON)

    assert not set(one.split(".")) & {KEY, KEY[:32]}
    assert one.split(".")[0] != same_elsewhere.split(".")[0]


@pytest.mark.parametrize("change", ["first", "time", "last", "no signature", "longer", "nothing"])
def test_a_session_that_was_tampered_with_is_none(change: str) -> None:
    known = sessions(KEY, ANOTHER)
    mark, began_at, signature = known.begin(KEY, NOON).split(".")
    tampered = {
        "first": f"{known.begin(ANOTHER, NOON).split('.')[0]}.{began_at}.{signature}",
        "time": f"{mark}.{int(began_at) + 1}.{signature}",
        "last": f"{mark}.{began_at}.{'0' * 64}",
        "no signature": f"{mark}.{began_at}.",
        "longer": f"{mark}.{began_at}.{signature}\n",
        "nothing": "",
    }

    assert known.ends_at(tampered[change]) is None
