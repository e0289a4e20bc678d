"""GitHub's REST API, read only.

`client` asks, through the `gate`; `reader` asks only for what may have changed; `answers` is what
GitHub says, `errors` what it refuses.
"""
