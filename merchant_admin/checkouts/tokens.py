"""The secret of a payment link: made from our key and the order's id, so that the database can't give it away.

Only its hash is stored, to find the order by. Staff see the link again because it can be made again; whoever copies
the database alone can't make it.
"""

import hashlib
import hmac

from merchant_admin.core.ids import ALPHABET

SIGNS = 32  # of 5 bits: 160 bits


def token_of(secret: bytes, checkout_id: str) -> str:
    """The token in the link's address."""
    digest = hmac.digest(secret, f"payment link {checkout_id}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[(number >> (5 * place)) % 32] for place in range(SIGNS))


def hash_of(token: str) -> str:
    """What is stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()
