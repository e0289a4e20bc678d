"""What the value of a setting may be. Pure.

A ValueError's text completes a sentence that begins with the setting's name, and shows no secret.
"""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, BeforeValidator, InstanceOf, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

LAST_PORT: Final = 65_535
# What asyncpg takes as text; a password in there would be shown wherever the URL is.
POSTGRES_OPTIONS: Final = ("host", "port", "ssl", "target_session_attrs", "passfile")


def is_encrypted(url: str) -> bool:
    """Whether what is sent there can be read only there: over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an http:// or https:// address")
    if parts.username is not None:
        raise ValueError("must not contain a user or password")
    return url.rstrip("/")


def _visible(secret: SecretStr) -> SecretStr:
    # It becomes the value of a header, in which nothing else could be sent.
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("contains a character that is not visible ASCII")
    return secret


def _pem(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().replace("\\n", "\n")  # as a variable has it, in one line
    if not _is_rsa(text):
        raise ValueError("is not a private key as GitHub gives it, in PEM form")
    return SecretStr(text)


def _is_rsa(pem: str) -> bool:
    try:
        return isinstance(load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _place(state: object) -> object:
    if not isinstance(state, str):
        return state
    if "://" not in state:
        return _file(state)
    if not re.match(r"postgres(ql)?(\+asyncpg)?://", state):
        raise ValueError("is neither a file nor a postgresql+asyncpg:// address")
    return _connectable(state)


def _file(path: str) -> Path:
    if not Path(path).name:
        raise ValueError("must name a file or a database")
    return Path(path)


def _connectable(address: str) -> URL:
    try:
        url = make_url(address).set(drivername="postgresql+asyncpg")
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not an address of a database") from None  # it may hold a password
    if strange := url.query.keys() - POSTGRES_OPTIONS:
        taken = ", ".join(POSTGRES_OPTIONS)
        raise ValueError(f"takes no {', '.join(sorted(strange))} after the ?, only {taken}")
    return url


def _host_and_port(listen: object) -> object:
    if not isinstance(listen, str):
        return listen
    host, _, port = listen.rpartition(":")
    if not listen:
        return None
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise ValueError("is not host:port, such as 127.0.0.1:9090")
    return host.removeprefix("[").removesuffix("]"), int(port)  # brackets: of an IPv6 address


def _absent_if_empty(value: object) -> object:
    return None if value == "" else value


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[
    Annotated[SecretStr, AfterValidator(_visible)] | None, BeforeValidator(_absent_if_empty)
]
PrivateKey = Annotated[
    Annotated[SecretStr, AfterValidator(_pem)] | None, BeforeValidator(_absent_if_empty)
]
AppId = Annotated[Annotated[str, BeforeValidator(_text)] | None, BeforeValidator(_absent_if_empty)]
# A URL's repr hides its password.
StatePlace = Annotated[Path | InstanceOf[URL], BeforeValidator(_place)]
Listen = Annotated[tuple[str, int] | None, NoDecode, BeforeValidator(_host_and_port)]
