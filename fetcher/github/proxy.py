"""The proxy between here and GitHub, as the environment names it."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy for an https address: HTTPS_PROXY, unless NO_PROXY names it.

    aiohttp's own `trust_env` would also take a password for the address from ~/.netrc. The request
    goes through a TLS tunnel, so the proxy sees no token; what is not encrypted uses no proxy.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or proxy_bypass(parts.hostname or ""):
        return None
    proxy = getproxies().get("https")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
