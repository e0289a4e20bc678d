"""The fetcher: from GitHub to the receiver, without a change to anybody's pipeline.

    fetch → map → outbox → deliver

1. `daemon`, at its bells, or `once` drives `work`, which runs passes and rounds of delivery.
   Whose turn it is tells the `rota`, by the `cadence` and the `standings` of the repositories;
   the `roster` knows which there are, by the `selection` in the settings, and the `detector`
   which of many have changed.
2. `poll` makes a pass over one repository: it commits at once what a `survey` found, with the
   `services` that it is of. A name's `identity` is GitHub's number.
3. `survey` asks GitHub what is new, in the lanes that `plan` chose, which `planning` keeps up to
   date: a `sweep` of each, into the `findings`. `lanes` list and look, and read in `workflows` what
   a job needs.
4. `github` is the REST API: `client` asks with a credential through its `gate`, `reader` only for
   what changed. `access` says which credential asks about whose repositories.
5. `mapping` makes events of the answers; it and `event` are pure.
6. `outbox` keeps every event until the receiver has it; `observations` is what was seen of GitHub,
   `snapshots` its answers with their ETags, the `registry` which repositories there are. All is in
   the `state`, a SQLite file or a PostgreSQL database, with the tables of `schema`.
7. `deliver` sends what is due to the receiver, each event once. `resync` lets everything since a
   time be sent once more, if the receiver lacks it.
8. `vitals` are told by all of them what they do; `listener` tells operators, `metrics` Prometheus,
   `systemd` the service manager.

`arguments` is the command line, `config` the settings, `clock` the time, `check` what it tries,
`troubles` what is wrong at the moment, `progress` the bar on a terminal. What `plan` tells is an
`explanation`: `explain` asks for it, `estimate` counts the requests that it will take, `table`
shows it.
"""
