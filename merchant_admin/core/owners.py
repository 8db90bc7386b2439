"""Who holds a lease: this process, by host, process number and a word of its own, so that a dead holder is recognised.

A lease that is ended too early is harmless: what it held is only looked at. So a killed process of this machine need
not be waited for until its lease runs out.
"""

import os
import socket

from merchant_admin.core.ids import random_signs

_HOST = socket.gethostname()[:30]
_words: dict[int, str] = {}  # by process number: a forked child is another holder


def me() -> str:
    """The name under which this process holds a lease."""
    pid = os.getpid()
    return f"{_HOST}:{pid}:{_words.setdefault(pid, random_signs(8))}"


def is_gone(owner: str | None) -> bool:
    """Whether the holder certainly lives no more. False for holders on other machines: their lease must run out."""
    host, pid, *_word = (*(owner or "").split(":"), "", "")
    if owner is None or host != _HOST or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        return owner != me()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
