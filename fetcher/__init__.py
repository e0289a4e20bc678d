"""The fetcher: from GitHub to the receiver, without a change to anybody's pipeline.

    fetch → map → outbox → deliver

1. `daemon`, at its bells, or `once` drives `work`, which runs passes and rounds of delivery.
   `schedule` tells which repositories there are, by the `selection` in the settings, and whose turn
   it is.
2. `poll` makes passes: each asks GitHub what is new in one repository, and commits what it saw
   together with what is to be sent.
3. `github` is the REST API: `client` asks with a credential through its `gate`, `reader` only for
   what changed. `access` says which credential asks about whose repositories.
4. `mapping` makes events of the answers; it and `event` are pure.
5. `outbox` keeps every event until the receiver has it; `observations` is what was seen of GitHub,
   `snapshots` its answers with their ETags, `registry` which repositories there are. All of it is
   in the `state`, a SQLite file or a PostgreSQL database, with the tables of `schema`.
6. `deliver` sends what is due to the receiver, each event once. `resync` sends everything since a
   given time again, if the receiver lacks it.
7. `monitoring` hears from all of them what they do, and tells operators.

`arguments` is the command line, `config` the settings and `values` what each may be, `clock` the
time, `logs` what a line of the log looks like, `plural` numbers of things in words, `progress` the
bar on a terminal. Of the commands, `check` tries everything, and `plan` is `explain`: it says what
would be read.
"""
