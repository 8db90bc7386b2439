"""What the apps of one test process share, since each test builds its own: compiled templates, statements and URL rules.

None knows anything of an app: a template's code follows from its text, a statement's SQL from its expression and the
driver, what matches and builds an address from its rule. Building them anew was more than half of what a test with a
page cost.
"""

import gc
import os
import shutil
from pathlib import Path

from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory
ROOM_NEEDED = 4 * 1024**3
YOUNG = 20_000  # objects made between two looks for garbage: a test makes more of them than the 700 Python expects
_compile = Rule.compile
_rules = {}
_statements = {}


class _Kept(BytecodeCache):
    """Code by template and text, for as long as the process lives."""

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket):
        if code := self._codes.get((bucket.key, bucket.checksum)):
            bucket.code = code

    def dump_bytecode(self, bucket):
        self._codes[bucket.key, bucket.checksum] = bucket.code


class _Statements:
    """Compiled statements of one driver. What SQLAlchemy keeps them by begins with the engine's own dialect object."""

    def __init__(self):
        self._kept = LRUCache(5_000)

    def get(self, key):
        return self._kept.get(key[1:])

    def __setitem__(self, key, compiled):
        self._kept[key[1:]] = compiled


def _statements_of(engine):
    driver = (engine.dialect.name, engine.dialect.driver)
    if driver not in _statements:
        _statements[driver] = _Statements()
    return _statements[driver]


def _compile_once(rule):
    """As Rule.compile, which is run for the first of all rules that are written alike."""
    way = rule.map
    made_of = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, repr(rule.defaults), way.host_matching,
               *way.converters.items())  # fmt: skip
    if made_of not in _rules:
        _compile(rule)
        facts = {name: vars(rule)[name] for name in ("_parts", "_trace", "_converters")}
        _rules[made_of] = facts, frozenset(rule.arguments), rule._build.__func__, rule._build_unknown.__func__
        return
    facts, arguments, build, build_unknown = _rules[made_of]
    vars(rule).update(facts)
    rule.arguments.update(arguments)
    rule._build, rule._build_unknown = build.__get__(rule), build_unknown.__get__(rule)


def share():
    """Let every app made from now on use what earlier ones compiled."""
    Rule.compile = _compile_once
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Kept()}
    Engine._compiled_cache = property(_statements_of, lambda _engine, _own: None)


def leave_the_old_alone():
    """Look for garbage only among what is made from now on, and less often.

    All modules and all collected tests live as long as the process. Python went over them again and again, which was
    a third of the time of a test with a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


def work_in_memory():
    """Keep the tests' files in memory where there is room, so that no commit waits for a disk.

    Nothing is lost by it: the tests kill processes, not the machine.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
