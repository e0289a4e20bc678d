"""What GitHub says of repositories: users, environments, workflow files (version 2022-11-28)."""

import base64
import zlib
from datetime import UTC, datetime
from urllib.parse import quote

from tests.fake_github.deployments import Environment
from tests.fake_github.replies import Document
from tests.fake_github.repository import Repository, Workflow
from tests.fake_github.state import FakeGitHub

# The links of a repository: name of the field (less `_url`) to what follows the repository's URL.
REPOSITORY_LINKS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}
USER_LINKS = {
    "followers": "/followers",
    "following": "/following{/other_user}",
    "gists": "/gists{/gist_id}",
    "starred": "/starred{/owner}{/repo}",
    "subscriptions": "/subscriptions",
    "organizations": "/orgs",
    "repos": "/repos",
    "events": "/events{/privacy}",
    "received_events": "/received_events",
}


def time(instant: datetime) -> str:
    """As GitHub writes it: UTC, whole seconds, Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(prefix: str, number: int) -> str:
    """GitHub's opaque global id."""
    return f"{prefix}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def repository_url(repository: Repository) -> str:
    """Where the API has the repository."""
    return f"{repository.github.api_url}/repos/{repository.full_name}"


def page_url(repository: Repository) -> str:
    """Where people see the repository."""
    return f"{repository.github.server_url}/{repository.full_name}"


def user(github: FakeGitHub, login: str) -> Document:
    """A person, an organisation, or a bot when the login says so."""
    api, server = github.api_url, github.server_url
    number, quoted = zlib.crc32(login.encode()), quote(login)
    return {
        "login": login,
        "id": number,
        "node_id": node_id("U", number),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": f"{api}/users/{quoted}",
        "html_url": f"{server}/{quoted}",
        "type": "Bot" if login.endswith("[bot]") else github.kind_of(login),
        "user_view_type": "public",
        "site_admin": False,
        **{f"{name}_url": f"{api}/users/{quoted}{rest}" for name, rest in USER_LINKS.items()},
    }


def minimal_repository(repository: Repository) -> Document:
    """The repository as it stands inside other documents."""
    url = repository_url(repository)
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": user(repository.github, repository.owner),
        "html_url": page_url(repository),
        "description": None,
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}{rest}" for name, rest in REPOSITORY_LINKS.items()},
    }


def full_repository(repository: Repository) -> Document:
    """The repository itself."""
    page = page_url(repository)
    created = time(repository.created_at)
    return minimal_repository(repository) | {
        "git_url": f"{page.replace('https', 'git', 1)}.git",
        "ssh_url": f"git@github.com:{repository.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "default_branch": repository.default_branch,
        "visibility": "private" if repository.private else "public",
        "archived": repository.archived,
        "disabled": False,
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "is_template"), False),
        **dict.fromkeys(("forks_count", "stargazers_count", "watchers_count", "size"), 0),
        **dict.fromkeys(("open_issues_count", "open_issues", "forks", "watchers"), 0),
        **dict.fromkeys(("subscribers_count", "network_count"), 0),
        "topics": [],
        "pushed_at": created,
        "created_at": created,
        "updated_at": time(repository.updated_at),
    }


def environment(repository: Repository, place: Environment) -> Document:
    """An environment, with the rule that makes jobs wait where it is protected."""
    rule = {
        "id": place.id,
        "node_id": node_id("GA", place.id),
        "type": "required_reviewers",
        "prevent_self_review": False,
        "reviewers": [],
    }
    return {
        "id": place.id,
        "node_id": node_id("EN", place.id),
        "name": place.name,
        "url": f"{repository_url(repository)}/environments/{place.name}",
        "html_url": f"{page_url(repository)}/deployments/{place.name}",
        "created_at": time(place.created_at),
        "updated_at": time(place.created_at),
        "can_admins_bypass": True,
        "protection_rules": [rule] if place.protected else [],
        "deployment_branch_policy": None,
    }


def workflow(repository: Repository, file: Workflow) -> Document:
    """A workflow."""
    return {
        "id": file.id,
        "node_id": node_id("W", file.id),
        "name": file.name,
        "path": file.path,
        "state": file.state,
        "created_at": time(file.created_at),
        "updated_at": time(file.created_at),
        "url": f"{repository_url(repository)}/actions/workflows/{file.id}",
        "html_url": f"{page_url(repository)}/blob/{repository.default_branch}/{file.path}",
        "badge_url": f"{page_url(repository)}/workflows/{file.name}/badge.svg",
    }
