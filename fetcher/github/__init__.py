"""GitHub's REST API, read only.

`githubs` gives the `client` for an owner: it asks the `server` with its `credentials`, through its
`gate`. `reader` asks only for what may have changed; `answers` is what GitHub says, `errors` what
it refuses.
"""
