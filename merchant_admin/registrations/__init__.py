"""One attempt to register a card in the non-certified window, with or without a first charge.

The row is written before the window opens. What the browser brings back is a hint; PortOne is read, and the
outcome of the key and of the charge are kept apart: both, key only, charge only, or none.
"""
