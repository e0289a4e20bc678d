"""What operators are told of a running fetcher.

`vitals` know whether it does its work, and `metrics` count it; `listener` answers on a port,
`systemd` tells the service manager, and `troubles` are what the log says is wrong.
"""
