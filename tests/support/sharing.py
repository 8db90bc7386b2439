"""What the apps of one test process share, since each test builds its own: compiled templates and URL builders.

Neither knows anything of an app: a template's code follows from its text, a builder's from its rule. Building them
anew was more than half of what a test with a page cost.
"""

import os
import shutil
from pathlib import Path

from flask import Flask
from jinja2 import BytecodeCache
from werkzeug.routing import Rule

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory
ROOM_NEEDED = 4 * 1024**3
_compile_builder = Rule._compile_builder
_builders = {}


class _Kept(BytecodeCache):
    """Code by template and text, for as long as the process lives."""

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket):
        if code := self._codes.get((bucket.key, bucket.checksum)):
            bucket.code = code

    def dump_bytecode(self, bucket):
        self._codes[bucket.key, bucket.checksum] = bucket.code


def _builder(rule, append_unknown=True):  # noqa: FBT002 - as the original
    made_of = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
    if made_of not in _builders:
        _builders[made_of] = _compile_builder(rule, append_unknown)
    return _builders[made_of]


def share():
    """Let every app made from now on use what earlier ones compiled."""
    Rule._compile_builder = _builder
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Kept()}


def work_in_memory():
    """Keep the tests' files in memory where there is room, so that no commit waits for a disk.

    Nothing is lost by it: the tests kill processes, not the machine.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
