"""What the person who runs the product does from the command line: doctor, backup, restore, sweep.

Reads across features; no screen and no rule of its own.
"""
