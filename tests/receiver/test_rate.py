"""Token buckets: how often is too often."""

from datetime import timedelta

from receiver.rate import GUESSES_PER_MINUTE, MOST_CLIENTS, Bucket, Guesses
from tests.receiver.examples import NOON

SECOND = timedelta(seconds=1)


def test_a_minutes_worth_may_come_at_once_and_then_one_as_often_as_is_allowed() -> None:
    bucket = Bucket(30)
    for _ in range(30):
        assert bucket.take(NOON) == 0

    assert bucket.wait(NOON) == 2
    assert bucket.wait(NOON + SECOND) == 1
    assert bucket.take(NOON + 2 * SECOND) == 0
    assert bucket.take(NOON + 2 * SECOND) == 2
    assert bucket.wait(NOON + 2 * SECOND) == 2


def test_what_was_not_used_is_not_saved_beyond_a_minute() -> None:
    bucket = Bucket(1)
    bucket.wait(NOON)

    assert bucket.take(NOON + timedelta(days=1)) == 0
    assert bucket.wait(NOON + timedelta(days=1)) == 60


def test_a_clock_that_is_set_back_makes_nobody_wait_longer() -> None:
    bucket = Bucket(1)
    bucket.take(NOON)

    assert bucket.wait(NOON - timedelta(days=1)) == 60
    assert bucket.wait(NOON - timedelta(days=1) + 60 * SECOND) == 0


def test_who_shows_many_wrong_keys_has_to_wait_and_nobody_else() -> None:
    guesses = Guesses()
    for _ in range(GUESSES_PER_MINUTE):
        assert guesses.wait("one", NOON) == 0
        guesses.wrong("one", NOON)

    assert guesses.wait("one", NOON) == 3
    assert guesses.wait("another", NOON) == 0
    assert guesses.wait("one", NOON + 3 * SECOND) == 0


def test_only_so_many_who_guess_are_remembered() -> None:
    guesses = Guesses()
    for _ in range(GUESSES_PER_MINUTE):
        guesses.wrong("first", NOON)

    for number in range(MOST_CLIENTS):
        guesses.wrong(str(number), NOON)

    assert guesses.wait("first", NOON) == 0
