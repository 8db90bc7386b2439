"""The promise to charge again: plans, subscriptions, and one debt for each due date.

A period is a debt with at most one live charge; the charge itself is an ordinary one of `payments`, with its protocol.
"""
