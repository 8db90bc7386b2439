"""No card number, expiry, birth date or password stays anywhere, however it came in."""

import logging

import pytest

from portone_sandbox.cards import entry_for
from portone_sandbox.fields import Fields

TYPED = {"expiry": "2031-11", "birth": "871203", "pwd_2digit": "97"}


def everything_kept(folder, caplog):
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return files.decode("latin-1") + caplog.text


def test_typed_cards_are_kept_nowhere(make_sandbox, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    sandbox = make_sandbox(database=str(tmp_path / "sandbox.db"))
    api, handle = sandbox.api(), sandbox.handle
    number = handle.card_number("approve", serial=77_123)
    card = {"card_number": number, **TYPED}
    digits = number.replace("-", "")
    now = handle.clock.now()
    assert api.post("/subscribe/customers/card-1", **card).code == 0
    assert (
        api.post("/subscribe/payments/onetime", merchant_uid="ord-1", amount=100, customer_uid="card-2", **card).code
        == 0
    )
    assert api.schedule({"merchant_uid": "s-1", "schedule_at": now + 60}, customer_uid="card-3", **card).code == 0
    api.post("/subscribe/customers/card-4", **{**card, "birth": "871399"})  # refused
    api.ask("POST", "/subscribe/customers/card-5", data=card)
    api.raw("POST", "/subscribe/payments/onetime", data=f"card_number={number}&expiry=2031-11&birth=871203".encode())
    api.get(f"/payments/{digits}")
    api.get(f"/subscribe/customers/{number}")
    api.raw("GET", f"/cards?card_number={number}")
    handle.faults.plan("late", "/subscribe/*", seconds=0.05)
    with pytest.raises(Exception, match="without an answer"):
        api.post("/subscribe/customers/card-6", **card)
    handle.finish_late_work()
    handle.clock.advance(100)
    handle.webhooks.stop()
    kept = everything_kept(tmp_path, caplog)
    assert "card-6" in kept, "the canary looked in the wrong place"
    for secret in (number, digits, TYPED["expiry"], TYPED["birth"], "871399"):
        assert secret not in kept


def test_a_typed_card_does_not_show_itself():
    entry = entry_for()
    assert entry.number not in repr(entry)
    assert "900101" not in repr(entry)
    assert entry.number not in repr(Fields({"card_number": entry.number}))
