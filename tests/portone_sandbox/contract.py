"""PortOne V1's objects as its documents describe them, in a short notation of our own, and a check of answers against it.

`name:kind`, where the kind is s (text), s40 (at most 40 long), i (whole number), n (number), b, o (object), or the name of
another object in brackets for an array of it; `!` marks what is always there and never null. Anything else may be null.
"""

import jsonschema

CHANNEL = "pg_provider:s16! pg_id:s80! sandbox:b! type:s! channel_name:s channel_key:s"
TOKEN = "access_token:s! expired_at:i! now:i!"
CODE = "code:s! name:s!"
PREPARED = "merchant_uid:s! amount:n! currency:s"
BILLING_KEY = (
    "customer_uid:s80! pg_provider:s16! pg_id:s80! sandbox:b! customer_id:s card_name:s! card_code:s card_issuer_code:s"
    " card_issuer_name:s card_publisher_code:s card_publisher_name:s card_number:s card_type:i customer_name:s20"
    " customer_tel:s20 customer_email:s200 customer_addr:s200 customer_postcode:s8 inserted:i! updated:i!"
)
CANCEL = "pg_tid:s! amount:n! cancelled_at:i! reason:s! cancellation_id:s! receipt_url:s"
DEPOSIT = "pg_tid:s! amount:n! depositor_name:s! deposited_at:i!"
PAYMENT = (
    "imp_uid:s32! merchant_uid:s40! pay_method:s20 channel:s pg_provider:s16 emb_pg_provider:s16 pg_tid:s64 pg_id:s80"
    " sandbox:b! escrow:b apply_num:s20 bank_code:s bank_name:s card_code:s card_name:s card_issuer_code:s"
    " card_issuer_name:s card_publisher_code:s card_publisher_name:s card_quota:i card_number:s card_type:i vbank_code:s"
    " vbank_name:s vbank_num:s32 vbank_holder:s vbank_date:i vbank_issued_at:i name:s40 amount:n! cancel_amount:n!"
    " currency:s! buyer_name:s16 buyer_email:s64 buyer_tel:s16 buyer_addr:s128 buyer_postcode:s8 custom_data:s"
    " user_agent:s status:s! started_at:i paid_at:i failed_at:i cancelled_at:i fail_reason:s cancel_reason:s receipt_url:s"
    " cancel_history:[CANCEL] deposit_history:[DEPOSIT] cancel_receipt_urls:[s] cash_receipt_issued:b customer_uid:s"
    " customer_uid_usage:s promotion:o"
)
RECEIPT = (
    "imp_uid:s! receipt_tid:s apply_num:s! type:s! amount:i! vat:i! receipt_url:s applied_at:i! cancelled_at:i"
)  # fmt: skip
EXTERNAL_RECEIPT = RECEIPT.replace("imp_uid:s!", "merchant_uid:s!")
SCHEDULE = (
    "customer_uid:s merchant_uid:s40 imp_uid:s32 pg_provider:s16 pg_id:s64 customer_id:s schedule_at:i executed_at:i"
    " revoked_at:i amount:n currency:s name:s40 buyer_name:s16 buyer_email:s64 buyer_tel:s16 buyer_addr:s128"
    " buyer_postcode:s8 custom_data:s schedule_status:s payment_status:s fail_reason:s promotion_id:s"
)
OBJECTS = {
    "CHANNEL": CHANNEL, "TOKEN": TOKEN, "CODE": CODE, "PREPARED": PREPARED, "BILLING_KEY": BILLING_KEY, "CANCEL": CANCEL,
    "DEPOSIT": DEPOSIT, "PAYMENT": PAYMENT, "RECEIPT": RECEIPT, "EXTERNAL_RECEIPT": EXTERNAL_RECEIPT, "SCHEDULE": SCHEDULE,
}  # fmt: skip
_TYPES = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "o": "object"}


def schema(kind):
    """The JSON schema of an object, of `[OBJECT]`, or of `page OBJECT`."""
    if kind.startswith("page "):
        number = {"type": "integer", "minimum": 0}
        page = {"total": number, "previous": number, "next": number, "list": schema(f"[{kind[5:]}]")}
        return {"type": "object", "required": list(page), "properties": page, "additionalProperties": False}
    if kind.startswith("["):
        return {"type": "array", "items": schema(kind[1:-1])}
    if kind in OBJECTS:
        named = dict(_field(word) for word in OBJECTS[kind].split())
        return {"type": "object", "required": list(named), "properties": named, "additionalProperties": False}
    length = {"maxLength": int(kind[1:])} if kind[1:] else {}
    return {"type": _TYPES[kind[0]], **length}


def check(kind, answer):
    """Fails unless `answer` (an api.Answer) is a success of this kind; every field must be there, no other may."""
    assert (answer.code, answer.message) == (0, None), answer
    jsonschema.validate(answer.response, schema(kind))


def _field(word):
    name, _, kind = word.partition(":")
    inner = schema(kind.rstrip("!"))
    return name, inner if kind.endswith("!") or inner["type"] == "array" else {**inner, "type": [inner["type"], "null"]}
