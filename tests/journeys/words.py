"""What stands on the screen, in the browser's language: Korean as the journeys name it, or the catalogue's English for it."""

from portone_sandbox.texts import ENGLISH
from tests.policy.translations import given


class Words:
    """`words("%(sum)s 결제", sum="₩1")` gives the text of a page; `words.window(...)` that of the payment window."""

    def __init__(self, language="ko-KR"):
        self._is_english = language.startswith("en")
        self._pages = (
            {text: next(iter(files.values())) for text, files in given("en").items()} if self._is_english else {}
        )

    def __call__(self, text, **filled):
        return self._filled(self._pages, text, filled)

    def state(self, text):
        """A word of a badge, where it differs from the same Korean word on a button ("Paused", not "Pause")."""
        return self._pages.get(f"state: {text}") or self(text)

    def window(self, text, **filled):
        return self._filled(ENGLISH, text, filled)

    def _filled(self, english, text, filled):
        text = english[text] if self._is_english else text
        return text % filled if filled else text
