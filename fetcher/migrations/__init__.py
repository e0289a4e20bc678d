"""The state's migrations, in the order of their names; `fetcher.state` runs them."""
