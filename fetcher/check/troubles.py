"""What GitHub refused, as a finding. Pure."""

from fetcher.check.findings import Finding
from fetcher.github.client import GitHub
from fetcher.github.errors import GitHubError, Limited, Offline, ShutOut
from fetcher.github.remedies import remedy


def trouble(github: GitHub, subject: str, error: GitHubError) -> Finding:
    """What is wrong with a repository, `owner/name`, or with all that the credential is for."""
    # What is wrong for all is said once: findings that are equal are one.
    about = github.credential.name if isinstance(error, Limited | Offline) else subject
    text = error.reason if isinstance(error, ShutOut) else str(error)
    owner = subject.partition("/")[0]
    helps = remedy(error, github.credential, github.server.api_url, owner)
    return Finding("error", about, text, helps)
