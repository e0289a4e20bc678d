"""`check`: tries what the settings say, changes nothing, and says what is wrong and what helps.

It may run beside a running fetcher. `credentials` and `repositories` ask GitHub, `receiver` the
receiver, `state` looks into the state; what they find are `findings`.
"""
