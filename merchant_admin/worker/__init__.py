"""Claims due rows and calls the features' services; holds no rules of its own.

The tables are the queue: work is a row with a state, a lease and a next look, so any number of workers may run,
stop or be killed at any line.
"""
