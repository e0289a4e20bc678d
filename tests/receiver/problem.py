"""What every refusal looks like."""

from typing import Final

from tests.program import Answer

MEMBERS: Final = {"type", "title", "status", "detail", "instance"}


def assert_problem(answer: Answer, status: int, instance: str = "/api/deployments") -> None:
    """It is an RFC 9457 problem with this status, about this path."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    assert answer.json.keys() - {"errors"} == MEMBERS
    assert answer.json["status"] == status
    assert answer.json["instance"] == instance
    assert all(answer.json[member] for member in ("type", "title", "detail"))
