"""What GitHub says of who asks: users, Apps, installations, limits (version 2022-11-28)."""

from tests.fake_github.accounts import Token
from tests.fake_github.apps import App, Installation
from tests.fake_github.replies import Document
from tests.fake_github.repository_answers import node_id, time, user
from tests.fake_github.state import FakeGitHub


def public_user(github: FakeGitHub, login: str) -> Document:
    """A person's or a bot's account."""
    unknown = ("name", "company", "blog", "location", "email", "hireable", "bio")
    return user(github, login) | {
        **dict.fromkeys((*unknown, "twitter_username")),
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": "2011-01-25T18:44:36Z",
        "updated_at": "2011-01-25T18:44:36Z",
    }


def app(this: App) -> Document:
    """An App, as it sees itself."""
    github = this.github
    return {
        "id": this.id,
        "slug": this.slug,
        "node_id": node_id("A", this.id),
        "client_id": this.client_id,
        "owner": user(github, this.owner),
        "name": this.slug,
        "description": None,
        "external_url": "https://dashboard.example",
        "html_url": f"{github.server_url}/apps/{this.slug}",
        "created_at": time(this.created_at),
        "updated_at": time(this.created_at),
        "permissions": {"actions": "read", "deployments": "read", "metadata": "read"},
        "events": [],
        "installations_count": len(this.installations),
    }


def permissions(this: Installation) -> Document:
    """What an installation may read."""
    return dict.fromkeys(sorted(this.permissions), "read")


def selection(this: Installation) -> str:
    """Whether it is for all repositories of its owner."""
    return "all" if this.selected is None else "selected"


def installation(this: Installation) -> Document:
    """An installation of an App."""
    github = this.app.github
    owner = user(github, this.owner)
    return {
        "id": this.id,
        "client_id": this.app.client_id,
        "account": owner,
        "repository_selection": selection(this),
        "access_tokens_url": f"{github.api_url}/app/installations/{this.id}/access_tokens",
        "repositories_url": f"{github.api_url}/installation/repositories",
        "html_url": f"{github.server_url}/organizations/{this.owner}/settings/installations",
        "app_id": this.app.id,
        "app_slug": this.app.slug,
        "target_id": owner["id"],
        "target_type": owner["type"],
        "permissions": permissions(this),
        "events": [],
        "created_at": time(this.created_at),
        "updated_at": time(this.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(github, this.owner) if this.suspended_at else None,
        "suspended_at": time(this.suspended_at) if this.suspended_at else None,
    }


def installation_token(this: Installation, token: Token) -> Document:
    """A new token of an installation."""
    assert token.expires_at
    return {
        "token": token.text,
        "expires_at": time(token.expires_at),
        "permissions": permissions(this),
        "repository_selection": selection(this),
    }


def rate_limit(github: FakeGitHub, token: Token) -> Document:
    """What is left; asking costs nothing."""
    now = github.now()
    core = token.account.rate.figures(now)
    graphql = token.account.graphql_rate.figures(now)
    return {"resources": {"core": core, "graphql": graphql, "search": {**core, "limit": 30}}} | {
        "rate": core
    }
