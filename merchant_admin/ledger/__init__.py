"""The books: append-only double entry, and the daily totals that are moved in the same commit.

One row is one balanced entry: it names the account it debits and the one it credits, so no pair of rows can
disagree. Entries come only from what PortOne says; triggers refuse to change or delete one.
"""
