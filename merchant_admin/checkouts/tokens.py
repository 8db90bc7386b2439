"""The secret of a payment link."""

from merchant_admin.core import link_tokens
from merchant_admin.core.link_tokens import hash_of

__all__ = ["hash_of", "token_of"]


def token_of(secret: bytes, checkout_id: str) -> str:
    """The token in the link's address."""
    return link_tokens.token_of(secret, "payment link", checkout_id)
