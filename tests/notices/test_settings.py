"""Unsafe settings of mail and text messages keep the process from starting, with one line that names the setting."""

import pytest

from merchant_admin.core.outgoing import Channel, is_address
from merchant_admin.core.settings import UnsafeSettings, load
from tests.support.world import ROOT

MAIL = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "hello@shop.example", "SMTP_USER": "u", "SMTP_PASSWORD": "p"}
TEXT = {"TEXT_NOTICES": "webhook", "TEXT_URL": "https://texts.example.com/send", "TEXT_SECRET": "s" * 32}
REAL = {
    "PORTONE_MODE": "test", "SECRET_KEY": "t" * 48, "BASE_URL": "https://shop.example", "PORTONE_IMP_CODE": "imp1",
    "PORTONE_IMP_KEY": "k", "PORTONE_IMP_SECRET": "s", "PORTONE_MID_CERTIFIED": "m0", "PORTONE_MID_BILLING": "m2",
    "PORTONE_MID_KEY_IN": "m1", "MERCHANT_NAME": "상점",
}  # fmt: skip


def test_all_is_off_until_it_is_set(tmp_path):
    assert load({**REAL, "INSTANCE_DIR": str(tmp_path)}, ROOT).outgoing.channels == ()
    found = load({**REAL, **MAIL, **TEXT, "INSTANCE_DIR": str(tmp_path)}, ROOT).outgoing
    assert found.channels == (Channel.EMAIL, Channel.TEXT)
    assert (found.mail.port, found.consent_days, "p'" in repr(found.mail)) == (587, 30, False)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({**MAIL, "SMTP_FROM": ""}, "SMTP_FROM"), ({**MAIL, "SMTP_FROM": "a@b.c\nBcc: d@e.f"}, "SMTP_FROM"),
        ({**MAIL, "SMTP_SECURITY": "none"}, "SMTP_SECURITY"), ({**MAIL, "SMTP_PASSWORD": ""}, "SMTP_PASSWORD"),
        ({**MAIL, "SMTP_HOST": "mail.example.com/x"}, "SMTP_HOST"), ({**MAIL, "SMTP_PORT": "99999"}, "SMTP_PORT"),
        ({**MAIL, "SMTP_CA_FILE": "/nowhere.pem"}, "SMTP_CA_FILE"), ({**MAIL, "PORTONE_MODE": "sandbox"}, "SMTP_HOST"),
        ({**TEXT, "TEXT_URL": "http://texts.example.com"}, "TEXT_URL"), ({**TEXT, "TEXT_SECRET": "short"}, "TEXT_SECRET"),
        ({**TEXT, "TEXT_URL": "https://u:p@texts.example.com"}, "TEXT_URL"), ({**TEXT, "PORTONE_MODE": "sandbox"}, "TEXT_URL"),
        ({"TEXT_NOTICES": "pigeon"}, "TEXT_NOTICES"), ({"NOTICE_HOURS": "21:00-08:00"}, "NOTICE_HOURS"),
        ({"CONSENT_DAYS": "400"}, "CONSENT_DAYS"),
    ],
)  # fmt: skip
def test_an_unsafe_start_is_refused(tmp_path, words, named):
    with pytest.raises(UnsafeSettings, match=named) as refusal:
        load({**REAL, **words, "INSTANCE_DIR": str(tmp_path)}, ROOT)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a.b+c@shop.example", True), ("a@b", False), ("a@b.c\r\nx", False), ("a b@c.de", False), ("<a@b.c>", False),
        ("a@b..c", False), ('"a"@b.c', False), ("한@b.c", False), ("a" * 250 + "@b.cd", False), ("", False),
    ],
)  # fmt: skip
def test_an_address_is_plain_or_is_none(text, is_one):
    assert is_address(text) is is_one
