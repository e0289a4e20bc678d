"""From what GitHub says to events. Pure.

`deployments` maps deployments with their statuses; `runs` maps runs of workflows with their jobs,
by what `naming` makes of their names; `origin` holds what both have in common.
A deployment's `source` tells what it is of: `units` by names, `services` by units; `rules` are what
the settings want to be different.
`parents` tells which deployments follow which, from the `workflow_graph` of a `workflow_file`.
"""
