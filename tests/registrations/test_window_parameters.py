"""What the SDK is called with (reference 13.2)."""

from merchant_admin.core.db import db
from merchant_admin.customers.models import Customer
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import WindowPlace, window_parameters
from tests.support.world import settings_for

PLACE = WindowPlace("https://admin.shop.example", "ko", is_phone=False)


def parameters(desk, amount=0, place=PLACE, **env):
    opened = desk.open(amount)
    row = db.session.get(Registration, opened.id)
    customer = db.session.get(Customer, desk.customer.id)
    return window_parameters(settings_for(desk.world.folder, **env), row, customer, place)


def test_the_billing_mid_and_our_name_of_the_card_are_always_sent(desk):
    sent = parameters(desk)
    assert sent["pg"] == "jtnet.tpaytest2m"
    assert sent["customer_uid"].startswith("bks_")
    assert (sent["pay_method"], sent["amount"], sent["currency"]) == ("card", 0, "KRW")
    assert isinstance(sent["merchant_uid"], str)
    assert "channelKey" not in sent


def test_a_phone_comes_back_to_our_own_address(desk):
    assert parameters(desk)["m_redirect_url"].startswith("https://admin.shop.example/return/")


def test_buyer_fields_are_short_enough_or_left_out(desk):
    desk.customer = desk.world.a_customer(name="가나다라마바사아자차카타파하가나다라", email=None)
    sent = parameters(desk)
    assert len(sent["buyer_name"]) == 16
    assert "buyer_email" not in sent
    assert sent["buyer_tel"] == "010-1234-5678"


def test_the_channel_key_goes_beside_the_mid(desk):
    sent = parameters(desk, PORTONE_CHANNEL_KEY_BILLING="channel-key-1")
    assert (sent["channelKey"], sent["pg"]) == ("channel-key-1", "jtnet.tpaytest2m")


def test_issuers_can_be_restricted(desk):
    detail = parameters(desk, PORTONE_ISSUERS="366, 365")["card"]["detail"]
    assert detail[0] == {"card_code": "*", "enabled": False}
    assert [entry["card_code"] for entry in detail[1:]] == ["366", "365"]


def test_webhooks_are_asked_for_only_at_a_configured_public_address(desk):
    assert "notice_url" not in parameters(desk)
    sent = parameters(desk, BASE_URL="https://shop.example")
    assert sent["notice_url"] == "https://shop.example/webhooks/portone"
    assert "notice_url" not in parameters(desk, BASE_URL="https://shop.example", WEBHOOK_PATH="s3cret")


def test_english_readers_get_an_english_window(desk):
    assert parameters(desk, place=WindowPlace("https://x.example", "en", is_phone=True))["language"] == "en"
