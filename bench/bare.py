"""The baseline: aiohttp handlers that do nothing. `python -m bench.bare PORT`."""

import sys

from aiohttp import web


async def read(request: web.Request) -> web.Response:
    """Read the body and say so."""
    await request.read()
    return web.Response(status=201)


async def answer(_request: web.Request) -> web.Response:
    """A small answer."""
    return web.Response(body=b"{}", content_type="application/json")


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/api/deployments", read)
    app.router.add_get("/api/matrix", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
