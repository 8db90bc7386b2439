"""Words every feature shares: settings, database, clock, money, times, ids, errors.

This package knows no feature and no HTTP. Everything in it may be imported from anywhere.
"""
