"""Ordinary payments in the certified window: by card, transfer, virtual account or phone, at the desk or by a link.

The order is written first and has no state of its own: what it has become is read off its attempts, which PortOne
decides. A link is one more way to the same window, on the customer's own phone.
"""
