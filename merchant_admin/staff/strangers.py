"""People who bring the address of a link and nothing else: who brings too many that nobody made is asked to wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from merchant_admin.core.errors import NotFound
from merchant_admin.staff.throttle import count_miss
from merchant_admin.web.access import work_context


@contextmanager
def misses_counted() -> Iterator[None]:
    """Around looking up what a stranger's link opens: NotFound counts, and is TooManyMisses when it was too often."""
    try:
        yield
    except NotFound:
        count_miss(work_context(), request.remote_addr)
        raise
