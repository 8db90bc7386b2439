"""Won are whole numbers. Rules about amounts that more than one feature needs."""

MAX_AMOUNT_KRW = 100_000_000
INSTALMENT_FLOOR_KRW = 50_000  # reference section 15: card_quota >= 2 only from here
QUOTAS = (0, *range(2, 13))


def vat_krw(amount_krw: int, tax_free_krw: int = 0) -> int:
    """VAT inside a price: one eleventh of the taxable part, rounded to the nearest won.

    Source: PortOne V1, `tax_free` (reference section 15); the PG's own rounding may differ by one won.
    """
    return (2 * (amount_krw - tax_free_krw) + 11) // 22


def quota_is_allowed(amount_krw: int, quota: int) -> bool:
    """0 is a lump sum; instalments of 2 to 12 months need at least 50,000 won. 1 is no valid value."""
    return quota == 0 or (quota in QUOTAS and amount_krw >= INSTALMENT_FLOOR_KRW)
