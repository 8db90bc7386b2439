"""The dictionary of failures: what a PG's raw text means, in words for staff and for the customer.

PortOne hands on the PG's text and no code of its own. Built-in signs put a text into a class; a manager may put one
exact text into another, from then on and for all that was shown before. Whether money moved is never read from it;
only a subscription's next try is: a card that is lost, expired or wrong is not charged again.
"""
