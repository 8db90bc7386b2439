"""Bugs sown by hand in a copy of the product: each must be noticed by the tests of this folder.

python -m tests.matrix.mutants            (some minutes; nothing of the working tree is touched)
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "app.py",
    "pyproject.toml",
    "merchant_admin",
    "portone_sandbox",
    "migrations",
    "templates",
    "static",
    "translations",
    "tests",
)
DAYS, MATRIX = "tests/matrix/test_random_days.py", "tests/matrix/test_faults_sqlite.py"


@dataclass(frozen=True)
class Mutant:
    """`bug` in words; `file` where `old` becomes `new`; `tests` that ought to fail, narrowed by `only`."""

    bug: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""


MUTANTS = (
    Mutant(
        "a time-out is answered by sending again at once",
        "merchant_admin/payments/sending.py",
        "    except GatewayError as silence:\n",
        "    except GatewayError as silence:\n        return _usable(gateway, send, gateway.charge_again(send.order))\n",
        MATRIX, "charge-again-cut or charge-again-500",
    ),
    Mutant(
        "sending again uses a new order number",
        "merchant_admin/payments/sending.py",
        "        merchant_uid=attempt.merchant_uid,\n",
        "        merchant_uid=attempt.merchant_uid if attempt.sends < 2 else attempt.merchant_uid[:38] + 'x2',\n",
        MATRIX, "charge-again",
    ),
    Mutant(
        "a refund states no balance (checksum)",
        "merchant_admin/portone/gateway.py",
        '            "checksum": order.checksum_krw,\n', "",
        MATRIX, "refund-cancel-330_s_late",
    ),
    Mutant(
        "a refund whose answer was lost is sent again without waiting for the settle window",
        "merchant_admin/refunds/settling.py",
        "SETTLE = timedelta(seconds=180)", "SETTLE = timedelta(seconds=0)",
        MATRIX, "refund-cancel-150_s_late",
    ),
    Mutant(
        "one early absence is proof enough that a charge did not happen",
        "merchant_admin/payments/looks.py",
        "SETTLE = timedelta(seconds=180)", "SETTLE = timedelta(seconds=0)",
        MATRIX, "charge-again-150_s_late",
    ),
    Mutant(
        "a charge whose sender died is never looked at",
        "merchant_admin/payments/looks.py",
        "                attempt.next_look_at = now\n", "                attempt.next_look_at = None\n",
        DAYS,
    ),
    Mutant(
        "the body of a webhook is believed",
        "merchant_admin/webhooks/service.py",
        "        transaction = gateway.payment(imp_uid)\n",
        "        transaction = gateway.payment(imp_uid)\n"
        "        if transaction is not None and event.status == 'cancelled':\n"
        "            transaction = replace(transaction, cancelled_krw=transaction.amount_krw)\n",
        "tests/matrix/test_many_webhooks.py",
    ),
    Mutant(
        "older news takes the place of newer",
        "merchant_admin/payments/facts.py",
        "    if is_new or _is_news(payment, transaction):",
        "    if True:",
        "tests/payments/test_facts.py",
    ),
    Mutant(
        "a second press of one sheet is a second charge",
        "merchant_admin/payments/service.py",
        "        if used is not None:\n            if used.body_hash",
        "        if used is not None and used.staff_id:\n            if used.body_hash",
        MATRIX, "charge-again-cut",
    ),
)  # fmt: skip


def is_caught(mutant):
    """Sow one bug in a copy and run its tests; True if they fail."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        for part in COPIED:
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
        path = folder / mutant.file
        text = path.read_text("utf-8")
        if text.count(mutant.old) == 0:
            raise SystemExit(f"{mutant.file} no longer holds {mutant.old!r}: {mutant.bug}")
        path.write_text(text.replace(mutant.old, mutant.new), "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.tests]
        command += ["-k", mutant.only] if mutant.only else []
        done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
        if done.returncode not in {0, 1}:
            print(done.stdout[-2000:], done.stderr[-2000:])
        return done.returncode == 1


def main():
    wanted = sys.argv[1:]
    for number, mutant in enumerate(MUTANTS, 1):
        if not wanted or str(number) in wanted:
            print(f"{number}. {'caught' if is_caught(mutant) else 'NOT CAUGHT'}: {mutant.bug}", flush=True)


if __name__ == "__main__":
    main()
