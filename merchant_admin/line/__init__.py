"""The line to PortOne as all processes know it: failures in a row, one budget of calls, and the lock after a restore.

The client package knows no database; the store it is handed lives here.
"""
