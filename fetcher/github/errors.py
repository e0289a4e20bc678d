"""What GitHub refuses, by what the caller can do about it. Pure.

GitHubError         this repository was not read; the others go on
├── Unreachable     ask again later
│   └── Offline     of any repository: there is no connection
├── Garbled         ask again later
│   └── Elsewhere   what answers is not GitHub's API
├── Missing         asking again helps only when somebody changes something
├── Forbidden       likewise
│   ├── Scopeless
│   └── SingleSignOn
├── Unusable        the credential itself: no repository can be read with it
│   └── Withheld    GitHub gives it no token, which may pass
└── Limited         nobody may ask with this credential, until `until`
    └── ShutOut     because it is unusable
"""

from collections.abc import Mapping
from datetime import datetime


class GitHubError(Exception):
    """GitHub did not give what was asked; the message is for people, and holds no secret."""


class Unreachable(GitHubError):
    """No answer came, or a server error did, however often it was asked: ask again later."""


class Offline(Unreachable):
    """No connection could be made."""


class Garbled(GitHubError):
    """The answer is not what GitHub documents: ask again later."""


class Elsewhere(Garbled):
    """What answers is not GitHub's API: the address is of something else, or of its web pages."""


class Missing(GitHubError):
    """It is not there, or the token may not know that it is."""


class Forbidden(GitHubError):
    """The token lacks a permission: asking again is of no use until somebody grants it."""


class Scopeless(Forbidden):
    """A classic token lacks a scope."""


class SingleSignOn(Forbidden):
    """The token was not authorised for the organisation's single sign-on."""


class Unusable(GitHubError):
    """There is nothing to ask with: asking again is of no use until somebody corrects that."""


class Withheld(Unusable):
    """GitHub refuses an App its token; the answer tells whether it merely asked too fast."""

    def __init__(self, reason: str, status: int, headers: Mapping[str, str], message: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers
        self.message = message


class Limited(GitHubError):
    """Nothing may be asked with this credential until `until`, by anybody."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(f"{reason}; asking again at {until:%Y-%m-%dT%H:%M:%SZ}")
        self.reason = reason
        self.until = until


class ShutOut(Limited):
    """The credential was found unusable; at `until` it is tried once more."""
