"""What GitHub's GraphQL API says of repositories, deployments and their statuses."""

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from graphql import GraphQLError

from tests.fake_github.accounts import Token
from tests.fake_github.deployment_answers import job_page
from tests.fake_github.deployments import Deployment, Status
from tests.fake_github.replies import Document
from tests.fake_github.repository import Repository
from tests.fake_github.repository_answers import node_id, time
from tests.fake_github.state import FakeGitHub

TAG = re.compile(r"v?\d+(\.\d+)+")
# The state of a deployment is that of its last status, but for these.
STATES = {"success": "ACTIVE", "": "PENDING"}


class Answers:
    """The answers to one query; they are looked up as they are asked for."""

    def __init__(self, fake: FakeGitHub, token: Token, *, cost: int, node_count: int) -> None:
        self.fake = fake
        self.token = token
        self.cost = cost
        self.node_count = node_count
        self.repositories = 0

    def root(self) -> Document:
        """What a query begins with."""
        return {
            "node": lambda _info, id: self.node(id),  # noqa: A006 - GitHub's name for it
            "nodes": lambda _info, ids: [self.node(each) for each in ids],
            "rateLimit": self.rate_limit,
            "repository": self.repository,
            "viewer": {"id": node_id("U", 1), "login": self.token.account.login},
        }

    def rate_limit(self, _info: object, **_arguments: object) -> Document:
        """What this query cost, and what is left."""
        now = self.fake.now()
        figures = self.token.account.graphql_rate.figures(now)
        reset_at = time(self.token.account.graphql_rate.roll(now))
        return {**figures, "cost": self.cost, "nodeCount": self.node_count, "resetAt": reset_at}

    def repository(
        self,
        _info: object,
        owner: str,
        name: str,
        *,
        followRenames: bool = True,  # noqa: N803 - GitHub's name
    ) -> Document:
        """A repository by its name, or by one that it had."""
        most = self.fake.graphql_most_repositories
        self.repositories += 1
        full_name = f"{owner}/{name}".lower()
        is_too_much = most is not None and self.repositories > most
        if is_too_much or full_name in self.fake.graphql_too_large:
            message = "Resource limits for this query exceeded."
            raise GraphQLError(message, extensions={"type": "RESOURCE_LIMITS_EXCEEDED"})
        visible = [each for each in self.fake.repositories if self.token.sees(each)]
        named = [each for each in visible if each.full_name.lower() == full_name]
        if followRenames:
            named += [each for each in visible if full_name in each.former_names]
        if not named:
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        return self.described(named[0])

    def described(self, this: Repository) -> Document:
        """A repository."""
        if self.token.is_shut_out(this):
            message = "Resource protected by organization SAML enforcement."
            saml = {"type": "FORBIDDEN", "extensions": {"saml_failure": True}}
            raise GraphQLError(message, extensions=saml)
        return {
            "__typename": "Repository",
            "id": node_id("R", this.id),
            "databaseId": self.number(this.id),
            "name": this.name,
            "nameWithOwner": this.full_name,
            "isArchived": this.archived,
            "isPrivate": this.private,
            "deployments": partial(self.deployments, this),
        }

    def deployments(
        self,
        this: Repository,
        _info: object,
        orderBy: Document,  # noqa: N803 - GitHub's name for it
        environments: list[str] | None = None,
        **bounds: Any,
    ) -> Document:
        """Its deployments: the oldest first, unless asked otherwise."""
        if self.token.lacks("deployments", this):
            kind = "integration" if self.token.installation else "personal access token"
            message = f"Resource not accessible by {kind}"
            raise GraphQLError(message, extensions={"type": "FORBIDDEN"})
        shown = sorted(
            (d for d in this.deployments if environments is None or d.environment in environments),
            key=lambda deployment: deployment.id,
            reverse=orderBy["direction"] == "DESC",
        )
        return connection([partial(self.deployment, each) for each in shown], **bounds)

    def deployment(self, this: Deployment) -> Document:
        """A deployment."""
        latest = self.status(this, this.statuses[-1]) if this.statuses else None
        newest_first = [partial(self.status, this, each) for each in reversed(this.statuses)]
        payload = this.payload if isinstance(this.payload, str) else json.dumps(this.payload)
        return {
            "__typename": "Deployment",
            "id": node_id("DE", this.id),
            "databaseId": self.number(this.id),
            "createdAt": time(this.created_at),
            "updatedAt": time(this.updated_at),
            "environment": this.environment,
            "originalEnvironment": this.environment,
            "latestEnvironment": this.statuses[-1].environment if this.statuses else None,
            "state": STATES.get(this.state, this.state.upper()),
            "task": this.task,
            "payload": payload,
            "description": this.description,
            "commitOid": this.sha,
            "ref": {"name": this.ref, "prefix": prefix(this.ref)},
            "creator": actor(this.creator),
            "repository": lambda _info: self.described(this.repository),
            "latestStatus": latest,
            "statuses": lambda _info, **bounds: connection(newest_first, **bounds),
        }

    def status(self, of: Deployment, this: Status) -> Document:
        """A status of a deployment."""
        log_url = job_page(of.job) if this.log_url is None and of.job else this.log_url
        return {
            "__typename": "DeploymentStatus",
            "id": node_id("DES", this.id),
            "state": this.state.upper(),
            "createdAt": time(this.created_at),
            "updatedAt": time(this.created_at),
            "description": this.description,
            "environment": this.environment,
            "environmentUrl": this.environment_url or None,
            "logUrl": log_url or None,
            "creator": actor(this.creator),
        }

    def node(self, wanted: str) -> Document:
        """A repository or a deployment by its global id."""
        for repository in self.fake.repositories:
            if not self.token.sees(repository):
                continue
            if node_id("R", repository.id) == wanted:
                return self.described(repository)
            for deployment in repository.deployments:
                if node_id("DE", deployment.id) == wanted:
                    return self.deployment(deployment)
        message = f"Could not resolve to a node with the global id of '{wanted}'"
        raise GraphQLError(message, extensions={"type": "NOT_FOUND"})

    def number(self, number: int) -> int | str:
        """An id: a number, beyond 32 bits, or a text."""
        return str(number) if self.fake.graphql_ids_are_text else number


def connection(
    entries: Sequence[Callable[[], Document]],
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
) -> Document:
    """One page of a list; a cursor is the number of entries before it."""
    start = int(after or 0)
    end = len(entries) if first is None else min(start + first, len(entries))
    if last is not None:
        start = max(start, end - last)
    return {
        "nodes": [entry() for entry in entries[start:end]],
        "totalCount": len(entries),
        "pageInfo": {"hasNextPage": end < len(entries), "endCursor": str(end)},
    }


def actor(login: str) -> Document:
    """Who did something."""
    return {"__typename": "User", "login": login, "id": node_id("U", 1)}


def prefix(ref: str) -> str:
    """What REST does not tell: whether a ref is a branch or a tag."""
    return "refs/tags/" if TAG.match(ref) else "refs/heads/"
