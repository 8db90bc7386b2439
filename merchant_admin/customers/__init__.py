"""The merchant's buyers: who they are, how to reach them, and how staff find them.

A customer is archived, never deleted, while money facts about them live. The screen of one customer, which also
shows cards and payments, is in `overview`.
"""
