"""Makers of these tests: a notice written as a feature writes it, a turn of the outbox, a form as a page shows it."""

from bs4 import BeautifulSoup
from sqlalchemy import select

from merchant_admin.notices.models import Notice
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.writing import News, tell_customer
from merchant_admin.worker.notifying import send_notices, senders_of

VALUES = {
    "상품명": "원두 정기 배송", "금액": "18,500원", "결제일": "2026년 11월 23일(월)", "카드": "신한카드 4321", "회차": "3",
}  # fmt: skip


def write(world, customer=None, cause="prd_1.paid", kind=NoticeKind.CHARGED, values=VALUES, **more):
    """A notice beside its cause; returns the customer."""
    customer = customer or world.a_customer()
    ctx = world.ctx()
    with ctx.atomic() as session:
        tell_customer(ctx, session, News(cause, kind, customer.id, ("subscription", "sub_1"), values, **more))
    return customer


def turn(world):
    return send_notices(world.ctx(), senders_of(world.settings.outgoing, world.clock))


def notices(world):
    world.session.rollback()
    return list(world.session.scalars(select(Notice).order_by(Notice.created_at, Notice.kind, Notice.channel)))


def only(world):
    (found,) = notices(world)
    return found


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def fields(answer, action):
    """What a browser would post with this form."""
    form = soup(answer).find("form", action=action)
    assert form, answer.text
    found = {each["name"]: each.get("value", "") for each in form.find_all("input") if each.get("name")}
    for box in form.find_all("input", type="checkbox"):
        if not box.has_attr("checked"):
            found.pop(box["name"])
    return found | {area["name"]: area.text.removeprefix("\n") for area in form.find_all("textarea")}
