"""Stored cards: one billing key is one card of one customer, known to PortOne by its `customer_uid`.

This table is the only list of them that exists anywhere: PortOne V1 can read a key by name but can't list keys.
A `customer_uid` is never used again, not even after its key was deleted: the row stays as a tombstone.
"""
