"""What is missing in translations/: run as `python -m tests.policy.translations`, and by a test."""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
METHODS = [
    ("merchant_admin/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.js", "jinja2"),
]
WORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def asked() -> dict[str, str]:
    """Every text that code and templates ask for, with the place of one of them."""
    found: dict[str, str] = {}
    options = {"templates/**.html": {"silent": "false", "encoding": "utf-8"}}
    for name, line, words, _comments, context in extract_from_dir(ROOT, METHODS, options, WORDS):
        for text in words if isinstance(words, tuple) else (words,):
            found.setdefault(_in_context(text, context), f"{name}:{line}")
    return {text: place for text, place in found.items() if place.startswith(("merchant_admin/", "templates/"))}


def given(language: str) -> dict[str, dict[str, str]]:
    """text -> {file: translation}."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "translations" / language).glob("*.po")):
        for message in read_po(io.BytesIO(path.read_bytes())):
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            words = message.string if isinstance(message.string, tuple) else (message.string,)
            for text, word in zip(texts, (*words, *[""] * len(texts)), strict=False):
                if text:
                    found.setdefault(_in_context(text, message.context), {})[path.name] = word or ""
    return found


def _in_context(text: str, context: str | None) -> str:
    """One Korean word may need two English ones: pgettext("list", ...) names which."""
    return f"{context}: {text}" if context else text


def gaps(language: str = "en") -> Iterator[str]:
    """One line for each text without a translation, with two of them, or with other placeholders than it asks for."""
    have = given(language)
    for text, place in sorted(asked().items(), key=lambda pair: pair[1]):
        answers = set(have.get(text, {}).values())
        if not answers or answers == {""}:
            yield f"{place}: no {language} for {text!r}"
        elif len(answers) > 1:
            yield f"{place}: two {language} for {text!r}: {sorted(answers)}"
        elif set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(answers.pop())):
            yield f"{place}: other placeholders in the {language} of {text!r}"


def unused(language: str = "en") -> Iterator[str]:
    """One line for each translation that nothing asks for."""
    wanted = asked()
    for text, files in sorted(given(language).items()):
        if text not in wanted:
            yield f"{', '.join(sorted(files))}: nothing asks for {text!r}"


if __name__ == "__main__":
    lines = [*gaps(), *unused()]
    print("\n".join(lines) or "translations: complete")
    sys.exit(bool(lines))
