"""Which repositories are read, and when.

`rota` tells whose turn it is, by the `cadence` and the `standings` of the repositories; the
`roster` knows which there are, and the `detector` which of many have changed. `estimate` counts
the requests that all of it takes.
"""
