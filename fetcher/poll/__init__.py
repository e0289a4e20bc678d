"""From GitHub to the outbox: passes over repositories.

`poller` makes a pass over one: in one transaction it commits what a `survey` found, with the
`services` that this belongs to. A name's `identity` is GitHub's number.
`survey` asks GitHub what is new, in the lanes that the `plan` chose, which `planning` keeps up to
date: a `sweep` of each, into the `findings`. `lanes` list and look, and read in `workflows` what a
job needs.
"""
