"""`plan`: says what would be read of each repository, and why, without a state.

`repositories` asks GitHub; what it finds of each is an `explanation`, which `table` shows.
"""
