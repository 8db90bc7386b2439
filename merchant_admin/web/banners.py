"""The place above every console page for what all staff must know, such as "PortOne unreachable since ..."."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from flask_babel.speaklater import LazyString

_KEY = "merchant_admin_banners"


@dataclass(frozen=True)
class Banner:
    """`tone` is bad, warn or info."""

    tone: str
    title: str | LazyString
    text: str | LazyString = ""


def register(app: Flask, find: Callable[[], Banner | None]) -> None:
    """`find` is asked on every console page; None means that there is nothing to say. It must be cheap."""
    app.extensions.setdefault(_KEY, []).append(find)


def banners() -> list[Banner]:
    found = (find() for find in current_app.extensions.get(_KEY, []))
    return [banner for banner in found if banner is not None]


def init_banners(app: Flask) -> None:
    app.extensions.setdefault(_KEY, [])
    app.jinja_env.globals["banners"] = banners
