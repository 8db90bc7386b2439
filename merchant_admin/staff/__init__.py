"""The people who sign in: their roles, passwords and sessions.

A session is a row; the cookie holds only its random name, so that signing out, a change of role or a new
password takes effect on the next request of every browser.
"""
