"""/openapi.json: the contract for machines, made from the models that validate."""

from functools import cache
from typing import Final

from receiver import __version__
from receiver.event import encode_json
from receiver.guard import COOKIE, HEADER
from receiver.openapi.operations import TAGS, paths
from receiver.openapi.schemas import Schema, schemas

SECURITY_SCHEMES: Final[Schema] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "Writing requires a key. Reading requires none, unless the receiver has "
        "read keys; then it takes one of those, or a key that may write.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's, from `POST /api/session`; opens reading.",
    },
}
DESCRIPTION: Final = """\
Which version of which service is where.

A pipeline posts an event when a deployment starts and when it ends; everything else is for reading.
The log is append-only: nothing is changed or merged, and a repeated POST adds another row.
"""


@cache
def document() -> bytes:
    """The OpenAPI 3.1 document as JSON."""
    return encode_json(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Deployment Dashboard",
                "version": __version__,
                "description": DESCRIPTION,
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
            "paths": paths(),
            "components": {"schemas": schemas(), "securitySchemes": SECURITY_SCHEMES},
        }
    )
