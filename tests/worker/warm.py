"""What the process that forks victims does once, before the first: it reads the product and builds one app of it.

A victim builds an app of its own, from what this one compiled.
"""

import tempfile
from pathlib import Path

from merchant_admin import create_app
from tests.support import sharing
from tests.support.world import settings_for
from tests.worker import victim  # noqa: F401 - read once, for all

sharing.share()
with tempfile.TemporaryDirectory() as folder:
    create_app(settings_for(Path(folder)))
