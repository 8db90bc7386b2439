"""Key-in: a card number that staff type, passed on once. Switched off by default; a decision about PCI scope.

The number lives in memory for one request. It is never stored, logged, shown again or put into an error.
"""
