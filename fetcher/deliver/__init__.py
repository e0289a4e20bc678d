"""From the outbox to the receiver, each event once.

`delivery` sends what is due, in a `round`: `receiver` asks, `outcome` is what an answer means,
`held` finds an event in what the receiver has, `pause` leaves it alone after a failure, and the
`ledger` commits what became of many events.
"""
