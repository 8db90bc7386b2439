"""Charge later: reservations that PortOne holds, made here or found there.

Three facts stay apart: what we asked PortOne to hold, what it says it holds, and the payment it made of it.
"""
