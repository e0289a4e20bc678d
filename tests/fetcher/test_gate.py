import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fetcher.github.errors import Limited
from fetcher.github.gate import MOST_IN_FLIGHT, Gate
from tests.fake_github import Clock
from tests.fetcher.reading import until

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
RESET_AT = START + timedelta(minutes=40)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return gate_of(clock)


def gate_of(clock: Clock, budget_percent: int = 100) -> Gate:
    return Gate(60, budget_percent, clock)


async def pass_through(gate: Gate) -> None:
    async with gate.turn():
        pass


def limit(remaining: int = 4000, limit: int = 5000, reset: object = None) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset or int(RESET_AT.timestamp())),
    }


def closed_for(gate: Gate) -> timedelta:
    closed = gate.closed()
    assert closed
    return closed.until - START


async def test_requests_keep_a_distance_and_the_first_goes_at_once(clock: Clock) -> None:
    now, slept = [100.0], list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    gate = Gate(120, 100, clock, sleep, lambda: now[0])
    for _ in range(3):
        await pass_through(gate)
    now[0] += 60
    await pass_through(gate)

    assert slept == [0.5, 0.5]


async def test_nobody_passes_a_closed_gate_and_it_opens_by_itself(gate: Gate, clock: Clock) -> None:
    gate.refused(403, {"retry-after": "7"}, "secondary rate limit")

    with pytest.raises(Limited):
        await pass_through(gate)
    clock.tick(7)
    await pass_through(gate)


async def test_a_request_that_waited_for_its_turn_finds_the_gate_closed_meanwhile(
    clock: Clock,
) -> None:
    async def sleep(_seconds: float) -> None:
        waiting.refused(429, {}, "")

    waiting = Gate(60, 100, clock, sleep, lambda: 0.0)
    await pass_through(waiting)

    with pytest.raises(Limited):
        await pass_through(waiting)


async def test_only_so_many_requests_are_under_way_and_each_leaves_its_place(clock: Clock) -> None:
    gate, go, under_way = Gate(60_000_000, 100, clock), asyncio.Event(), 0

    async def ask() -> None:
        nonlocal under_way
        async with gate.turn():
            under_way += 1
            await go.wait()

    requests = [asyncio.create_task(ask()) for _ in range(MOST_IN_FLIGHT + 5)]
    await until(lambda: under_way == MOST_IN_FLIGHT)
    requests[0].cancel()
    await until(lambda: under_way == MOST_IN_FLIGHT + 1)
    go.set()
    await asyncio.gather(*requests[1:])

    assert under_way == len(requests)


async def test_whoever_waits_for_a_place_does_not_ask_when_the_gate_closes_meanwhile(
    clock: Clock,
) -> None:
    gate = Gate(60_000_000, 100, clock)

    async def ask() -> None:
        async with gate.turn():
            gate.refused(403, {"retry-after": "7"}, "secondary rate limit")
            await asyncio.sleep(0)

    outcomes = await asyncio.gather(*[ask() for _ in range(30)], return_exceptions=True)

    assert sum(isinstance(outcome, Limited) for outcome in outcomes) >= 20


def test_retry_after_comes_first(gate: Gate) -> None:
    limited = gate.refused(403, {"retry-after": "9", **limit(remaining=0)}, "abuse")

    assert limited
    assert closed_for(gate) == RESET_AT + timedelta(seconds=1) - START  # the later of the two
    assert gate.refused(429, {"retry-after": "9"}, "")


@pytest.mark.parametrize("text", ["0", "Fri, 20 Nov 2026 12:00:00 GMT", "soon"])
def test_a_time_to_wait_that_is_none_is_a_minute(gate: Gate, text: str) -> None:
    assert gate.refused(403, {"retry-after": text}, "no")

    assert timedelta(seconds=60) <= closed_for(gate) <= timedelta(seconds=66)


def test_a_used_up_limit_is_waited_for_until_a_second_after_its_reset(gate: Gate) -> None:
    assert gate.refused(403, limit(remaining=0), "API rate limit exceeded")

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)


def test_a_used_up_limit_is_no_missing_permission_while_its_reset_is_in_the_real_future() -> None:
    now = datetime(2126, 11, 20, 12, tzinfo=UTC)
    gate, reset = gate_of(Clock(now)), int(now.timestamp()) + 600

    limited = gate.refused(403, limit(remaining=0, reset=reset), "API rate limit exceeded")

    assert limited
    assert limited.until - now == timedelta(minutes=10, seconds=1)


def test_the_last_request_of_the_limit_closes_the_gate_before_github_has_to(gate: Gate) -> None:
    gate.answered(limit(remaining=0), charged=True)

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "You have exceeded a secondary rate limit."),
        (403, "You have triggered an abuse detection mechanism."),
        (429, "Too many"),
        (403, "Maximum number of login attempts exceeded. Please try again later"),
    ],
)
def test_a_refusal_without_a_time_is_a_minute_then_double_then_at_most_a_quarter_of_an_hour(
    gate: Gate, clock: Clock, status: int, message: str
) -> None:
    waits = []
    for _ in range(8):
        limited = gate.refused(status, {}, message)
        assert limited
        waits.append((limited.until - clock()).total_seconds())
        clock.tick(waits[-1] + 1)

    for wait, plain in zip(waits, [60, 120, 240, 480, 900, 900, 900, 900], strict=True):
        assert plain <= wait <= min(plain * 1.1, 900)


def test_refused_for_more_than_an_hour_it_asks_once_an_hour(gate: Gate, clock: Clock) -> None:
    for _ in range(8):
        gate.refused(429, {}, "Too many")
        clock.tick(1000)
    limited = gate.refused(429, {}, "Too many")

    assert limited
    assert limited.until - clock() == timedelta(hours=1)


def test_refusals_that_arrive_together_are_one(gate: Gate) -> None:
    first = gate.refused(429, {}, "")
    second = gate.refused(429, {}, "")

    assert first
    assert second
    assert first.until == second.until
    assert gate.waits.refusals == 1


def test_after_an_answer_the_next_refusal_is_a_first_one(gate: Gate, clock: Clock) -> None:
    for _ in range(3):
        gate.refused(429, {}, "")
        clock.tick(1000)
    gate.answered({}, charged=True)

    gate.refused(429, {}, "")

    assert gate.waits.refusals == 1


def test_any_other_403_is_a_permission_and_closes_nothing(gate: Gate) -> None:
    assert gate.refused(403, limit(), "Resource not accessible by personal access token") is None
    assert gate.closed() is None


def test_the_budget_counts_what_was_charged_in_this_window(clock: Clock) -> None:
    gate = gate_of(clock, budget_percent=50)
    for remaining in (9, 8, 7, 6):
        gate.answered(limit(remaining, limit=10), charged=True)
        gate.answered(limit(remaining, limit=10), charged=False)
    assert gate.closed() is None

    gate.answered(limit(5, limit=10), charged=True)

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)
    clock.tick(41 * 60)
    gate.answered(limit(9, limit=10, reset=int(RESET_AT.timestamp()) + 3600), charged=True)
    assert gate.closed() is None
    assert gate.waits.charged == 1


def test_a_window_whose_end_comes_a_second_earlier_or_later_is_the_same(clock: Clock) -> None:
    gate = gate_of(clock, budget_percent=1)
    end = int(RESET_AT.timestamp())

    for number in range(50):
        assert gate.closed() is None
        gate.answered(limit(reset=end + number % 2), charged=True)

    assert closed_for(gate) == RESET_AT - START + timedelta(seconds=2)


def test_an_error_is_counted_though_it_names_no_figures(clock: Clock) -> None:
    gate = gate_of(clock, budget_percent=50)
    gate.answered(limit(9, limit=10), charged=True)
    for _ in range(3):
        gate.answered({}, charged=True)
    assert gate.closed() is None

    gate.answered(limit(5, limit=10), charged=True)

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)


def test_a_refused_permission_is_counted_too(clock: Clock) -> None:
    gate = gate_of(clock, budget_percent=50)
    for remaining in (9, 8, 7, 6):
        gate.refused(403, limit(remaining, limit=10), "Resource not accessible")
    assert gate.closed() is None

    gate.refused(403, limit(5, limit=10), "Resource not accessible")

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)


def test_what_others_use_of_the_limit_is_not_of_this_programs_budget(clock: Clock) -> None:
    gate = gate_of(clock, budget_percent=50)
    gate.answered(limit(1, limit=10), charged=True)
    assert gate.closed() is None

    gate.answered(limit(0, limit=10), charged=True)

    assert closed_for(gate) == timedelta(minutes=40, seconds=1)


def test_a_server_without_limits_has_none(gate: Gate) -> None:
    gate.answered({}, charged=True)
    gate.answered({"x-ratelimit-limit": "many"}, charged=True)

    assert gate.closed() is None


@pytest.mark.parametrize("reset", [1, 99_999_999_999, int((START + timedelta(days=2)).timestamp())])
def test_a_reset_that_our_clock_makes_no_sense_of_is_neither_a_hot_loop_nor_a_wait_of_days(
    gate: Gate, reset: int
) -> None:
    gate.refused(403, limit(0, reset=reset), "API rate limit exceeded")

    assert timedelta(minutes=1) <= closed_for(gate) <= timedelta(hours=1, minutes=5)


@pytest.mark.parametrize("number", [2**31, 10**30, -1])
def test_a_limit_that_is_none_is_not_kept(gate: Gate, number: int) -> None:
    gate.answered(limit(remaining=1) | {"x-ratelimit-limit": f"{number}"}, charged=True)

    assert (gate.waits.hourly_limit, gate.closed()) == (None, None)


def test_a_wait_from_before_the_clock_was_set_back_is_over(gate: Gate, clock: Clock) -> None:
    gate.refused(429, {"retry-after": "60"}, "")

    clock.tick(-86_400)

    assert gate.closed() is None


def test_what_is_remembered_makes_another_gate_the_same(gate: Gate, clock: Clock) -> None:
    gate.refused(429, {"retry-after": "60"}, "")

    another = gate_of(clock)
    another.waits = gate.waits

    assert str(another.closed()) == "GitHub asks to wait; asking again at 2026-11-20T12:01:00Z"
