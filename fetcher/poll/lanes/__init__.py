"""The two lanes in which deployments are found: what a lane lists, and how one item is looked at.

A list tells that something changed, a look tells what. Neither relies on the other to be right:
what has not ended is looked at again whether or not a list shows a change.
"""
