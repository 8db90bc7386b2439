"""Names for rows and for PortOne: random, never a sequence, never made from personal data.

A sequence would be issued again after a restored backup and adopt other people's payments
(ARCHITECTURE money rule 10), so every id carries 100 random bits.
"""

import secrets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 signs; no 0/o, 1/l to misread on the phone
_SIGNS = (ALPHABET * 8).encode("ascii")  # 256 of them: each sign stands for eight bytes, so all are equally likely
RANDOM_SIGNS = 20  # 5 bits each: 100 bits


def random_signs(count: int = RANDOM_SIGNS) -> str:
    """`count` random signs of the alphabet, 5 bits each."""
    return secrets.token_bytes(count).translate(_SIGNS).decode("ascii")


def new_id(prefix: str) -> str:
    """A public id such as `cus_7h2k...`; the prefix says what it names."""
    return f"{prefix}_{random_signs()}"


def new_merchant_uid(kind: str = "ord") -> str:
    """An order number for PortOne: at most 40 signs of [A-Za-z0-9_-] (reference section 16)."""
    return new_id(kind)


def new_customer_uid(mode: str) -> str:
    """A billing key's name at PortOne, prefixed by mode so that live and test never mix (reference 19, row 32)."""
    return new_id({"live": "bk", "test": "bkt"}.get(mode, "bks"))
