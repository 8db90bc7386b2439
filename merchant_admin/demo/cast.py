"""Invented people and goods. Phone numbers are of no one's series, addresses end in example.com."""

import random
from dataclasses import dataclass

_FAMILIES = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허노심"
_GIVEN = (
    "서연", "민준", "지우", "도윤", "하은", "시우", "지민", "예준", "수아", "주원", "다은", "건우",
    "채원", "현우", "유진", "우진", "소율", "지호", "은서", "준서", "가온", "태윤", "나윤", "승현",
    "보라", "한결", "예린", "정우", "세아", "동현", "미정", "영호", "선영", "재훈", "혜진", "성민",
    "경아", "상우", "은주", "기태",
)  # fmt: skip
_MAIL_WORDS = (
    "maple", "river", "dawn", "cedar", "pebble", "lark", "meadow", "amber", "harbor", "willow", "cloud", "fern",
)  # fmt: skip
MEMOS = (
    "배송 전 문자 부탁하심", "매월 초 결제 희망", "부재 시 경비실", "선물용 포장", "격주 배송으로 변경 요청",
)  # fmt: skip
STAFF = (
    ("haneul@demo.example", "정하늘", "manager"),
    ("sol@demo.example", "윤솔", "clerk"),
    ("bada@demo.example", "한바다", "viewer"),
)


@dataclass(frozen=True)
class Goods:
    """Something sold again and again. `days` lie between two orders; `is_tax_free` as fresh food is."""

    name: str
    amount_krw: int
    days: int
    is_tax_free: bool = False


REGULAR = (
    Goods("원두 정기배송 500g", 18_900, 14),
    Goods("원두 정기배송 1kg", 33_000, 30),
    Goods("제철 과일 상자", 42_000, 14, is_tax_free=True),
    Goods("유기농 채소 꾸러미", 28_500, 7, is_tax_free=True),
    Goods("반찬 구독 4주분", 96_000, 30),
    Goods("수제 그래놀라 2kg", 36_000, 30),
    Goods("차 모음 정기구독", 24_000, 30),
    Goods("아침 빵 구독", 21_600, 7),
)
ONCE = (
    Goods("핸드드립 세트", 68_000, 0),
    Goods("선물 상자 대", 120_000, 0),
    Goods("올리브유 500ml 2병", 39_800, 0),
    Goods("도자기 머그 2개", 45_000, 0),
    Goods("시즌 한정 원두 200g", 15_500, 0),
)


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    email: str | None
    memo: str


def people(dice: random.Random, count: int) -> list[Person]:
    """`count` people with different names; the first is always 김서연."""
    names = ["김서연"]
    while len(names) < count:
        name = dice.choice(_FAMILIES) + dice.choice(_GIVEN)
        if name not in names:
            names.append(name)
    return [
        Person(
            name=name,
            phone=f"010-{dice.randint(2000, 9999)}-{dice.randint(0, 9999):04d}",
            email=f"{dice.choice(_MAIL_WORDS)}{number:02d}@example.com" if dice.random() < 0.9 else None,
            memo=dice.choice(MEMOS) if dice.random() < 0.25 else "",
        )
        for number, name in enumerate(names)
    ]
