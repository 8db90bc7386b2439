"""A new card for the same subscriptions: a link to the customer's phone, the switch that follows, and whole moves to
another PG profile.

A link is single use: one key comes of it. The old card works until the new one is verified and the subscriptions were
moved in one transaction; only then is it cleared away at PortOne. What is left half done is found by its state.
"""
