"""What happens when: a list of acts in the order of time, decided by a seed and the day it ends."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from merchant_admin.core.times import SEOUL, seoul_day
from merchant_admin.demo.cast import ONCE, REGULAR, Goods, Person, people
from merchant_admin.demo.promises import PROMISES, REFUSED_TODAY, moments

CUSTOMERS, DAYS, SEED = 60, 425, 20_240_917
LAST_SCENES = timedelta(minutes=40)
_ISSUERS = ("366", "381", "365", "367", "361", "368", "041", "374", "371", "090")
# Second cards, and how they behave; the sandbox knows these words.
_SECOND_CARDS = (
    *("approve",) * 9, *("balance",) * 3, *("limit",) * 2, *("stopped",) * 2,
    "works_twice", "first_declined", "expires_next_month", "lost_card",
)  # fmt: skip
_GOOD = "approve"


@dataclass(frozen=True)
class Joins:
    who: int
    person: Person


@dataclass(frozen=True)
class Registers:
    """A card is registered in the window; with `goods`, their price is the first charge."""

    who: int
    card: str
    issuer: str
    goods: Goods | None = None


@dataclass(frozen=True)
class Pays:
    """A charge of the customer's card number `card`. `refund` is what goes back later: "all", "part" or nothing."""

    who: int
    goods: Goods
    card: int = 0
    quota: int = 0
    refund: str | None = None


@dataclass(frozen=True)
class Special:
    """One of the scenes that only one record needs: the method of `telling.Teller` that plays it."""

    scene: str
    who: int
    number: int = 0


Act = Joins | Registers | Pays | Special


@dataclass(frozen=True)
class Scene:
    at: datetime
    act: Act


def story(now: datetime, seed: int = SEED) -> list[Scene]:
    """About 1,500 payments of 60 people in the 14 months up to `now`, oldest first."""
    dice = random.Random(seed)  # noqa: S311 - a story, no secret
    first_day = seoul_day(now) - timedelta(days=DAYS)
    scenes: list[Scene] = []
    for who, person in enumerate(people(dice, CUSTOMERS)):
        scenes += _life(dice, who, person, first_day, _joining_day(dice, who))
    scenes += [Scene(at, Special(scene, PROMISES[number].who, number)) for at, scene, number in moments(now)]
    end = now - LAST_SCENES
    past = sorted((scene for scene in scenes if scene.at < end), key=lambda scene: scene.at)
    return past + _last_half_hour(now)


def _joining_day(dice: random.Random, who: int) -> int:
    return dice.randint(0, 25) if who < CUSTOMERS * 2 // 3 else dice.randint(26, DAYS - 20)


def _life(dice: random.Random, who: int, person: Person, first_day: date, joined: int) -> list[Scene]:
    goods = dice.choice(REGULAR)
    joined_at = _some_time(dice, first_day + timedelta(days=joined))
    with_charge = dice.random() < 0.4
    register = Registers(who, _GOOD, dice.choice(_ISSUERS), goods if with_charge else None)
    scenes = [Scene(joined_at, Joins(who, person)), Scene(joined_at + timedelta(minutes=4), register)]
    second = _SECOND_CARDS[who - 1] if 0 < who <= len(_SECOND_CARDS) else None
    second_on = joined + dice.randint(8, 40)
    if second == "expires_next_month":
        second_on = max(second_on, DAYS - 20)
    if second:
        at = _some_time(dice, first_day + timedelta(days=second_on))
        scenes.append(Scene(at, Registers(who, second, dice.choice(_ISSUERS))))
    leaves = DAYS + 1 if dice.random() < 0.75 else joined + dice.randint(90, 300)
    day = joined + goods.days if with_charge else joined + 1
    while day <= min(leaves, DAYS):
        at = _some_time(dice, first_day + timedelta(days=day))
        if second and second != _GOOD and day > second_on + 1 and dice.random() < 0.35:
            scenes.append(Scene(at, Pays(who, goods, card=1)))
            at += timedelta(minutes=dice.randint(2, 9))
        scenes.append(Scene(at, Pays(who, goods, refund=_fate(dice))))
        if dice.random() < 0.14:
            extra = dice.choice(ONCE)
            quota = 3 if extra.amount_krw >= 50_000 and dice.random() < 0.4 else 0
            again = at + timedelta(hours=dice.randint(20, 70))
            scenes.append(Scene(again, Pays(who, extra, quota=quota, refund=_fate(dice))))
        day += goods.days + dice.choice((0, 0, 0, 1, 2))
    return scenes


def _fate(dice: random.Random) -> str | None:
    roll = dice.random()
    return "all" if roll < 0.022 else "part" if roll < 0.04 else None


def _some_time(dice: random.Random, day: date) -> datetime:
    local = datetime.combine(day, time(dice.randint(9, 19), dice.randint(0, 59), dice.randint(0, 59)), SEOUL)
    return local.astimezone(UTC)


def _last_half_hour(now: datetime) -> list[Scene]:
    """So that the first screen has something of everything, at any hour: after midnight it all happens faster."""
    fruit, coffee, gift = REGULAR[2], REGULAR[1], ONCE[1]
    acts: list[Act] = [
        Special("leaves_for_good", CUSTOMERS - 1),
        Special("loses_a_card", 2),
        Special("brings_a_card_along", 20),
        Special("closes_the_window", 21),
        Pays(3, fruit),
        Pays(10, coffee, card=1),
        Special("is_refunded_elsewhere", 4),
        Pays(5, gift, quota=3),
        Special("is_refunded_in_part", 6),
        Special("is_refused_today", REFUSED_TODAY.who),
        Special("is_lost_on_the_way", 7),
        Pays(0, coffee),
        Pays(8, REGULAR[4]),
    ]
    midnight = datetime.combine(seoul_day(now), time(), SEOUL)
    pause = min(timedelta(minutes=3), (now - midnight) / (len(acts) + 1))
    return [Scene(now - pause * (len(acts) - step), act) for step, act in enumerate(acts)]
