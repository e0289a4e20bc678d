"""Which path is answered with what: pure but for new tokens, from the fake's state to a reply."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from tests.fake_github import account_answers, repository_answers
from tests.fake_github.accounts import Token
from tests.fake_github.apps import Installation
from tests.fake_github.graphql import answer_query
from tests.fake_github.replies import Document, Listing, Query, RefusedError, Reply, page
from tests.fake_github.repository import Repository
from tests.fake_github.repository_routes import inside
from tests.fake_github.state import FakeGitHub

View = Callable[..., Document | Listing]


def get(fake: FakeGitHub, path: str, query: Query, token: Token) -> Reply:
    """The answer to a GET."""
    for pattern, view in ROUTES:
        if match := re.fullmatch(pattern, path):
            answer = view(fake, token, *match.groups())
            url = fake.api_url + path
            return page(answer, query, url) if isinstance(answer, Listing) else Reply(200, answer)
    repository, rest = located(fake, path, query, token)
    if token.is_shut_out(repository):
        raise shut_out(repository)
    return inside(repository, rest, query, token)


def post(fake: FakeGitHub, path: str, body: Any, token: Token) -> Reply:
    """The answer to a POST; there are no others than these."""
    if path in GRAPHQL:
        return answer_query(fake, body, token)
    if match := re.fullmatch(r"/app/installations/(\d+)/access_tokens", path):
        return access_token(fake, token, match[1])
    raise RefusedError(404, "Not Found")


def located(fake: FakeGitHub, path: str, query: Query, token: Token) -> tuple[Repository, str]:
    """The repository that a path is about, and the rest of the path."""
    match = re.match(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))(?=/|$)", path)
    if not match:
        raise RefusedError(404, "Not Found")
    name, number = (match[1] or "").lower(), match[2]
    rest = path[match.end() :]
    visible = [repository for repository in fake.repositories if token.sees(repository)]
    for repository in visible:
        if repository.full_name.lower() == name or str(repository.id) == number:
            return repository, rest
    for repository in visible:
        if name in repository.former_names:
            url = f"{fake.api_url}/repositories/{repository.id}{rest}"
            url += f"?{urlencode(query)}" if query else ""
            raise RefusedError(301, "Moved Permanently", {"Location": url})
    raise RefusedError(404, "Not Found")


def shut_out(repository: Repository) -> RefusedError:
    """What a token gets that was not authorised for the organisation's single sign-on."""
    page = f"{repository.github.server_url}/orgs/{repository.owner}/sso"
    return RefusedError(
        403,
        "Resource protected by organization SAML enforcement. You must grant your Personal Access"
        " token access to this organization.",
        {"X-GitHub-SSO": f"required; url={page}?authorization_request=AZSCKL"},
    )


def owned(fake: FakeGitHub, token: Token, kind: str, owner: str) -> Listing:
    """The repositories of an organisation, or the public ones of any account."""
    theirs = [r for r in fake.repositories if r.owner.lower() == owner.lower()]
    if not theirs or (kind == "orgs" and fake.kind_of(theirs[0].owner) != "Organization"):
        raise RefusedError(404, "Not Found")
    if kind == "orgs" and token.is_shut_out(theirs[0]):
        raise shut_out(theirs[0])
    shown = [r for r in theirs if not r.private or (kind == "orgs" and token.sees(r))]
    return listing(shown)


def listing(repositories: Iterable[Repository], key: str | None = None) -> Listing:
    """A list of repositories."""
    return Listing([partial(repository_answers.full_repository, r) for r in repositories], key)


def user(fake: FakeGitHub, token: Token) -> Document:
    """Who asks."""
    if token.installation or token.app:
        raise RefusedError(403, "Resource not accessible by integration")
    if not token.text:
        raise RefusedError(401, "Requires authentication")
    return account_answers.public_user(fake, token.account.login)


def own(fake: FakeGitHub, token: Token) -> Listing:
    """The repositories of the person who asks, private ones too."""
    login = user(fake, token)["login"]
    return listing(r for r in fake.repositories if r.owner == login and token.sees(r))


def app(_fake: FakeGitHub, token: Token) -> Document:
    """The App that asks."""
    assert token.app
    return account_answers.app(token.app)


def installations(_fake: FakeGitHub, token: Token) -> Listing:
    """Where the App that asks is installed."""
    assert token.app
    return Listing([partial(account_answers.installation, i) for i in token.app.installations])


def one_installation(_fake: FakeGitHub, token: Token, number: str) -> Document:
    """An installation of the App that asks."""
    return account_answers.installation(
        found(token, lambda installation: str(installation.id) == number)
    )


def installation_of_owner(_fake: FakeGitHub, token: Token, owner: str) -> Document:
    """The App's installation for an owner."""
    return account_answers.installation(
        found(token, lambda installation: installation.owner.lower() == owner.lower())
    )


def installation_of_repository(fake: FakeGitHub, token: Token, name: str) -> Document:
    """The App's installation that is for a repository."""
    asked = [r for r in fake.repositories if r.full_name.lower() == name.lower()]
    return account_answers.installation(
        found(token, lambda installation: any(map(installation.covers, asked)))
    )


def installed_repositories(fake: FakeGitHub, token: Token) -> Listing:
    """The repositories that an installation's token is for."""
    if token.installation is None:
        raise RefusedError(403, "You must authenticate with an installation access token")
    return listing(filter(token.installation.covers, fake.repositories), "repositories")


def access_token(_fake: FakeGitHub, token: Token, number: str) -> Reply:
    """A new token of an installation."""
    installation = found(token, lambda each: str(each.id) == number)
    if installation.suspended_at:
        raise RefusedError(403, "This installation has been suspended")
    made = installation.new_token()
    return Reply(201, account_answers.installation_token(installation, made))


def found(token: Token, matches: Callable[[Installation], bool]) -> Installation:
    """The App's installation that matches, else 404."""
    assert token.app
    for installation in token.app.installations:
        if matches(installation):
            return installation
    raise RefusedError(404, "Not Found")


GRAPHQL = ("/graphql", "/api/graphql")
# Only an App may ask these, by a JWT.
OF_APPS = r"/app(?:/.*)?|/(?:repos/[^/]+/[^/]+|orgs/[^/]+|users/[^/]+)/installation"

ROUTES: tuple[tuple[str, View], ...] = (
    ("/rate_limit", account_answers.rate_limit),
    ("/user", user),
    ("/user/repos", own),
    (r"/(orgs|users)/([^/]+)/repos", owned),
    ("/app", app),
    ("/app/installations", installations),
    (r"/app/installations/(\d+)", one_installation),
    (r"/(?:orgs|users)/([^/]+)/installation", installation_of_owner),
    (r"/repos/([^/]+/[^/]+)/installation", installation_of_repository),
    ("/installation/repositories", installed_repositories),
)
