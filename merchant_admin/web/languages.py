"""Korean first, English second. Source strings are Korean; English stands in translations/en/*.po.

Each feature keeps its own .po file. They are read at the start and merged into one catalogue in memory, so that no
compiled file is committed and nobody has to run a compiler after an edit.
"""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = {"ko": "한국어", "en": "English"}
COOKIE = "lang"


@lru_cache(maxsize=4)
def english(folder: Path) -> Translations:
    """All English of `folder` (translations/en) as one catalogue."""
    merged = Catalog(locale="en")
    for message, _path in _messages(folder):
        if merged.get(message.id, message.context) is None:
            merged.add(message.id, message.string, context=message.context)
    packed = BytesIO()
    write_mo(packed, merged)
    packed.seek(0)
    return Translations(packed)


def disagreements(folder: Path) -> list[str]:
    """Korean texts that two files translate differently; a test wants none."""
    first: dict[str, tuple[object, Path]] = {}
    found = []
    for message, path in _messages(folder):
        string, before = first.setdefault(f"{message.context}: {message.id}", (message.string, path))
        if string != message.string:
            found.append(f"{message.id!r}: {string!r} in {before.name}, {message.string!r} in {path.name}")
    return found


def _messages(folder: Path) -> Iterator[tuple[Message, Path]]:
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if message.id and message.string and not message.fuzzy:
                    yield message, path


class _MergedDomain(Domain):  # type: ignore[misc]
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get_translations(self) -> NullTranslations:
        return english(self._folder) if language() == "en" else NullTranslations()


class _ConsoleBabel(Babel):  # type: ignore[misc]
    folder: Path

    @property
    def domain_instance(self) -> Domain:
        return _MergedDomain(self.folder)


def language() -> str:
    """The language of this answer, `ko` or `en`; Korean outside a request."""
    found = get_locale()
    return found.language if found is not None and found.language in LANGUAGES else "ko"


def _chosen() -> str:
    """Staff's choice first, then the browser's, then Korean."""
    if not has_request_context():
        return "ko"
    kept = request.cookies.get(COOKIE)
    return kept if kept in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), default="ko")


def init_languages(app: Flask, folder: Path) -> None:
    english(folder)  # a broken catalogue stops the start, not a page
    babel = _ConsoleBabel()
    babel.folder = folder
    babel.init_app(app, default_locale="ko", default_timezone="Asia/Seoul", locale_selector=_chosen)
    app.jinja_env.globals.update(language=language, LANGUAGES=LANGUAGES)
