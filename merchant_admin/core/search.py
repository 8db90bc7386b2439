"""One normal form for searched text, and the pieces of it that are kept in an index.

Every word is kept with all of its endings ("김서연" -> 김서연, 서연, 연; 010-1234-5678 by digits), so that "any
part" is a range read over an ordinary index: the same on SQLite and PostgreSQL, and right from the first
syllable, where trigram indexes need three signs and Korean names have two or three.
"""

import re
import unicodedata

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST_SYLLABLE, _LAST_SYLLABLE, _PER_INITIAL = 0xAC00, 0xD7A3, 588
MAX_TERM = 60
_LAST_SIGN = "\U0010ffff"


def normalise(text: str) -> str:
    """Lower case, one width, no spaces: what both the index and the question are made of."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def keyboard_initials(text: str) -> str:
    """Consonants as NFKC leaves them (conjoining jamo) turned back to those a keyboard types."""
    return "".join(_INITIALS[ord(sign) - 0x1100] if 0x1100 <= ord(sign) <= 0x1112 else sign for sign in text)


def initials(text: str) -> str:
    """The initial consonants of Korean text: 김서연 -> ㄱㅅㅇ; other signs stay as they are."""
    return "".join(
        _INITIALS[(ord(sign) - _FIRST_SYLLABLE) // _PER_INITIAL]
        if _FIRST_SYLLABLE <= ord(sign) <= _LAST_SYLLABLE
        else sign
        for sign in text
    )


def endings(text: str, shortest: int = 1) -> set[str]:
    """All endings of `text` of at least `shortest` signs."""
    return {text[i:][:MAX_TERM] for i in range(len(text) - shortest + 1)}


def name_terms(name: str) -> set[str]:
    """What a person's or order's name is found by: any part of it, and any run of its initial consonants."""
    plain = normalise(name)
    return endings(plain) | endings(initials(plain))


def phone_terms(phone: str) -> set[str]:
    """Any run of three or more digits, with or without dashes."""
    return endings(re.sub(r"\D", "", phone), shortest=3)


def email_terms(email: str) -> set[str]:
    """From the start of the address, of each word in it, or of its domain."""
    plain = normalise(email)
    return {plain[i:][:MAX_TERM] for i in range(len(plain)) if i == 0 or not plain[i - 1].isalnum()} - {""}


def question(text: str) -> str:
    """A typed question in the index's form; a phone number loses its dashes."""
    plain = keyboard_initials(normalise(text))
    return re.sub(r"[-.()+]", "", plain) if re.fullmatch(r"[-.()+\d]+", plain) else plain


def term_range(plain: str) -> tuple[str, str]:
    """The half-open range of index terms that begin with `plain`."""
    return plain, plain + _LAST_SIGN
