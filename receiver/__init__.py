"""The receiver: takes deployment events and shows what is where.

The path of one event, module by module:

    request   server      listens; __main__ starts it and stops it
              app         builds the parts; problems turns what was raised into an answer
              api         every route; POST /api/deployments starts here
              guard       who may write and read, by key (access) or session (session), and
                          how often (rate)
    event     submission  what may be sent: the model that validates, documents, explains
              event       what is stored and read
              frozen      values that nobody changes, made fast
    log       writer      group commit: many requests, one durable transaction
              batch       which events a transaction stores, and how each request is answered
              store       what is asked of the log and written to it: SQL, over the tables of schema
              filter      which events are asked for
              latest      what each slot remembers, looked up slot by slot
              rows        events as rows of their table, and back
    feed      feed        follows the log, folds it into the matrix, tells the streams
              matrix      the fold: pure, in any order to the same result
              names       what readers are shown in place of stored names
              reading     the log as readers see it, page by page
    browser   board       the matrix as JSON, built once for each change
              stream      server-sent events, live and resumed
              page        the dashboard's files, built from web/ into static/

Nothing flows back. Beside the road:

    settings  config      the settings; keys says how keys are given there
              arguments   the command line
    requests  query       query strings
              openapi/    the contract for machines, made from the models that validate
    database  database/   opens a SQLite file or PostgreSQL, brought up to date by migrations/
              retention   removes old events
    reports   metrics     for Prometheus
              rejections  the POSTs refused last
              logs        the program's own log; outage writes there what fails, and when it is over
              systemd     tells it that the receiver works
              plural      numbers of things in words
    time      clock       the current time, which is always an argument

The log in and out, bypassing the writer:

    commands/     export, import, backup, check
    archive       the log as a whole
    continuation  which lines continue a log
    ndjson        an event as a line, and back
"""

from importlib.metadata import version

__version__ = version("deployment-dashboard")
