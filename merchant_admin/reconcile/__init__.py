"""Keeping our records equal to PortOne's: back-fill, rounds of re-reading, the daily match, and the close of a day.

Everything here reads PortOne and records facts through `payments.facts`; nothing moves money. Duties that one worker
must do are claimed by (duty, slot) rows, so that ten workers do the work of one, and keep their place, so that a
killed one is continued and not begun again.
"""
