"""kill -9 before the call, during it and after the answer: after a restart the charge is settled, and charged once."""

import os
import signal
import subprocess
import sys

import pytest

from tests.support.world import ROOT
from tests.worker.shop import AGAIN, is_at_work, until


@pytest.mark.parametrize("point", ["before", "during", "after"])
def test_a_killed_charge_is_settled_once_after_the_restart(shop, point):
    process = shop.charging(point, shop.a_sheet("slow" if point == "during" else "approve"))
    if point == "during":
        until(lambda: is_at_work(shop.sandbox))
        process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert shop.attempt().state == "sending"
    if point == "during":
        until(lambda: any(one["amount"] for one in shop.sandbox.payments()))
    settled = shop.settle()
    never_left = point == "before"
    assert (settled.state, settled.absences) == (("uncertain", 2) if never_left else ("paid", 0))
    assert shop.sends() == (0 if never_left else 1)
    shop.assert_right()


def test_a_dead_sender_is_not_waited_for(shop):
    """Its lease has minutes to run, but its process is gone: a restarted product looks at once."""
    shop.charging("after", shop.a_sheet("approve")).join(60)
    assert shop.settle(seconds=(0, 6)).state == "paid"
    assert shop.sends() == 1


def test_the_same_sheet_after_a_kill_sends_nothing(shop):
    sheet = shop.a_sheet("approve")
    shop.charging("after", sheet).join(60)
    again = shop.charging("never", sheet)
    again.join(60)
    assert (again.exitcode, shop.attempt().state, shop.sends()) == (0, "sending", 1)


def test_a_worker_process_settles_and_ends_politely(shop):
    shop.sandbox.faults.plan("close_after", AGAIN)
    shop.charging("never", shop.a_sheet("approve")).join(60)
    assert shop.attempt().state == "uncertain"
    env = os.environ | shop.env | {"INSTANCE_DIR": str(shop.folder), "SECRET_KEY": "t" * 48, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as worker:
        until(lambda: shop.attempt().state == "paid")
        worker.terminate()
        said, _ = worker.communicate(timeout=30)
    assert (worker.returncode, said.split()[-1]) == (0, "stopped")
    shop.assert_right()
