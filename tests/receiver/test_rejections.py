from datetime import timedelta

from tests.receiver.api import KEY, Api, Clock
from tests.receiver.examples import NOON, REQUIRED, submission


async def rejections(api: Api) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await api.read("/api/rejections"))["items"]
    return items


async def test_a_refused_post_is_kept_with_what_it_was_told(api: Api, clock: Clock) -> None:
    refused = await api.post(submission(status="done", colour="red"))

    assert await rejections(api) == [
        {
            "rejected_at": clock.now.isoformat().replace("+00:00", "Z"),
            "key_name": "ci",
            "status": 422,
            "detail": refused.json["detail"],
            "errors": refused.json["errors"],
        }
    ]


async def test_the_newest_comes_first_and_what_was_stored_is_not_there(api: Api) -> None:
    await api.post(REQUIRED, X_Api_Key="wrong")
    await api.append()
    await api.post(b"{")
    await api.post(REQUIRED, Content_Type="text/plain")

    assert [item["status"] for item in await rejections(api)] == [415, 422, 401]


async def test_no_key_and_no_body_is_told(api: Api) -> None:
    await api.post({"secret": "in the body"}, X_Api_Key="a-wrong-key")
    await api.post({"secret": "in the body"})

    answer = await api.get("/api/rejections")
    assert b"in the body" not in answer.body
    assert b"a-wrong-key" not in answer.body
    assert KEY.encode() not in answer.body
    assert "key_name" not in answer.json["items"][1]


async def test_only_the_last_hundred_are_kept_and_what_is_long_is_cut(api: Api) -> None:
    for number in range(101):
        await api.post({"x" * 60_000 if number == 100 else "x": 1})

    kept = (await api.get("/api/rejections")).body
    assert len(await rejections(api)) == 100
    assert len(kept) < 60_000


async def test_an_event_from_the_future_is_marked_wherever_it_is_read(api: Api) -> None:
    ahead = timedelta(minutes=5, microseconds=1)
    skewed = await api.append(happened_at=(NOON + ahead).isoformat())
    right = await api.append(happened_at=(NOON + timedelta(minutes=5)).isoformat())

    assert skewed["clock_skew"] is True
    assert "clock_skew" not in right
    assert await api.read("/api/deployments/1") == skewed
    (newer, older) = (await api.read("/api/deployments"))["items"]
    assert (older, newer) == (right, skewed)
