"""The secret in a link for a customer: made from our key and the record's id, so that the database can't give it away.

Only its hash is stored, to find the record by. Staff see the link again because it can be made again; whoever copies
the database alone can't make it.
"""

import hashlib
import hmac

from merchant_admin.core.ids import ALPHABET

SIGNS = 32  # of 5 bits: 160 bits


def token_of(secret: bytes, kind: str, record_id: str) -> str:
    """The token in the address of this record's link; `kind` keeps the links of two features apart."""
    digest = hmac.digest(secret, f"{kind} {record_id}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[(number >> (5 * place)) % 32] for place in range(SIGNS))


def hash_of(token: str) -> str:
    """What is stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()
