"""Passwords: what may be one, how one is hashed, and how many are hashed at once.

Argon2id at the strength RELIABILITY asks for (19 MiB, two passes) costs tens of milliseconds of one core. A burst of
sign-ins must not take the machine, so only a few are hashed at the same time and the rest wait their turn.
"""

import threading
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _

from merchant_admin.core.errors import InvalidInput
from merchant_admin.staff.common_passwords import COMMON

LEAST, MOST = 12, 128
HASHES_IN_FLIGHT = 2
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_turns = threading.BoundedSemaphore(HASHES_IN_FLIGHT)


def hash_password(text: str) -> str:
    """An argon2id hash of the password as typed: nothing is trimmed or folded.

    Only the way a keyboard composes its signs is made one (NFC), since macOS sends Hangul taken apart.
    """
    with _turns:
        return _HASHER.hash(_composed(text))


def is_password(password_hash: str, text: str) -> bool:
    """Whether `text` is the password. A text no password can be is refused without hashing megabytes."""
    if len(text) > MOST:
        text = ""  # hashed all the same, so that the answer takes as long
    try:
        with _turns:
            _HASHER.verify(password_hash, _composed(text))
    except (VerificationError, InvalidHashError):
        return False
    return bool(text)


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """A hash that no text opens, looked at when there is no such account, so that the answer takes as long."""
    return hash_password("nobody holds this one")


def refuse_weak(text: str, *, email: str = "") -> None:
    """Raises InvalidInput (field `password`) for one too short, too long, widely known, or made of the address.

    There are no rules about signs: length is what counts (ASVS 6.2).
    """
    text = _composed(text)
    if len(text) < LEAST:
        raise _refused(_("비밀번호는 12자 이상이어야 합니다. 띄어 쓴 문장도 좋습니다."))
    if len(text) > MOST:
        raise _refused(_("비밀번호는 128자까지입니다."))
    plain = "".join(text.casefold().split())
    if plain in COMMON or len(set(plain)) < 5 or _is_repeated(plain) or _stem(plain) in COMMON:
        raise _refused(_("널리 알려져 쉽게 맞힐 수 있는 비밀번호입니다. 다른 것을 정하세요."))
    name = email.partition("@")[0].casefold()
    if plain == email.casefold() or (len(name) >= 4 and _stem(plain) == name):
        raise _refused(_("이메일 주소로 만든 비밀번호는 쓸 수 없습니다."))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _refused(message: object) -> InvalidInput:
    return InvalidInput(_("이 비밀번호는 쓸 수 없습니다."), {"password": message})


def _is_repeated(plain: str) -> bool:
    """Whether it is one short piece over and over: abcabcabcabc."""
    return len(plain) > 1 and plain in (plain + plain)[1:-1] and len(_piece(plain)) <= 6


def _piece(plain: str) -> str:
    return plain[: (plain + plain).index(plain, 1)]


def _stem(plain: str) -> str:
    """Without the digits and marks people put at the end: password1234!! -> password."""
    return plain.rstrip("0123456789!@#$%^&*()-_=+.,?~")
