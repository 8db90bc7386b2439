"""A dead holder of a lease is recognised, a living or a distant one never taken for dead."""

import subprocess
import sys

from merchant_admin.core.owners import is_gone, me


def a_dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_this_process_is_not_gone():
    assert not is_gone(me())


def test_a_process_that_ended_is_gone():
    host = me().split(":")[0]
    assert is_gone(f"{host}:{a_dead_process()}:abcdefgh")


def test_an_earlier_process_with_our_number_is_gone():
    host, pid, _ = me().split(":")
    assert is_gone(f"{host}:{pid}:abcdefgh")


def test_a_living_one_and_one_on_another_machine_are_not():
    host = me().split(":")[0]
    assert not is_gone(f"{host}:1:abcdefgh")
    assert not is_gone("elsewhere:999999:abcdefgh")


def test_no_holder_or_nonsense_is_not_gone():
    assert not is_gone(None)
    assert not is_gone("")
    assert not is_gone("somebody")
