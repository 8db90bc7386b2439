"""What keeps the web process from serving."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.support.world import ROOT


def start(folder):
    program = [Path(sys.executable).with_name("gunicorn"), "app:app", "--bind", "127.0.0.1:0"]
    env = {**os.environ, "INSTANCE_DIR": str(folder), "SECRET_KEY": "t" * 48}
    return subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_database_without_one_of_its_guards_is_not_served(empty_database, tmp_path):
    shutil.copy(empty_database, tmp_path / "merchant.db")
    with sqlite3.connect(tmp_path / "merchant.db") as held:
        held.execute("DROP TRIGGER attempts_move")
    held.close()
    ended = start(tmp_path)
    assert ended.returncode == 3
    assert "attempts_move" in ended.stderr


def test_a_database_without_tables_is_not_served(tmp_path):
    ended = start(tmp_path)
    assert ended.returncode == 3
    assert "db upgrade" in ended.stderr
