"""Every operation a sandbox answers, one entry each.

Fields are written `name[!]:kind`: `!` marks a required one; kinds are s (text), s40 (at most 40 long), i (whole
number), i1 (from 1 on), b (true or false), f (seconds), `x|y` (a choice), `[kind]` (an array), or a schema's name.
"""

import re
from dataclasses import dataclass

from portone_sandbox.faults import FaultKind

_BUYER = "buyer_name:s16 buyer_tel:s16 buyer_email:s64 buyer_addr:s128 buyer_postcode:s8"
_HOLDER = "customer_name:s20 customer_tel:s20 customer_email:s200 customer_addr:s200 customer_postcode:s8"
_CARD = "card_number!:s30 expiry!:s10 birth:s10 pwd_2digit:s2"
_CHARGE = f"merchant_uid!:s40 amount!:i1 currency:s3 tax_free:i {_BUYER} card_quota:i custom_data:s4000 notice_url:s500"
_RECEIPT = (
    "identifier!:s30 identifier_type:person|business|phone|taxcard type:person|company"
    " buyer_name:s16 buyer_tel:s16 buyer_email:s64 tax_free:i"
)
_PER_KEY = "from!:i to!:i schedule-status:scheduled|executed|revoked page:i1"
_SORTING = "sorting:-started|started|-paid|paid|-updated|updated"
_PAGE = "page:i1 limit:i1"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    answer: str = "any"
    body: str | None = None
    query: str = ""
    errors: tuple[int, ...] = ()
    also: tuple[int, ...] = ()  # further statuses of success
    raw: str | None = None  # the media type of an answer without an envelope

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def name(self) -> str:
        return "_".join([self.method.lower(), *re.findall(r"\w+", self.path)])

    @property
    def is_own(self) -> bool:
        return self.path.startswith("/_sandbox")

    @property
    def needs_token(self) -> bool:
        return not self.is_own and self.path not in {"/users/getToken", "/healthz"}

    @property
    def refuses_with_200(self) -> bool:
        return self.needs_token and (self.body is not None or self.path.startswith("/subscribe/customers"))

    @property
    def statuses(self) -> list[int]:
        """All that may come. A path argument that can't be routed, such as one with a slash, is a 404 or a 405."""
        usual = {404, 405} if self.path_names else set()
        usual |= {400, 413} if self.body is not None else set()
        usual |= {401} if self.needs_token else set()
        usual |= {415} if self.is_own and self.body is not None else set()
        return sorted({200, *self.also, *usual, *self.errors})


OPERATIONS = (
    Operation(
        "POST", "/users/getToken", "Get an access token", "Token", body="imp_key!:s200 imp_secret!:s300", errors=(401,)
    ),
    Operation("GET", "/users/pg", "List the PG channels", "[Channel]"),
    Operation(
        "GET",
        "/subscribe/customers",
        "Read several billing keys",
        "[BillingKey]",
        query="customer_uid[]!:[s80]",
        also=(207,),
        errors=(400, 404),
    ),
    Operation("GET", "/subscribe/customers/{customer_uid}", "Read a billing key", "BillingKey"),
    Operation(
        "POST",
        "/subscribe/customers/{customer_uid}",
        "Issue a billing key",
        "BillingKey",
        body=f"{_CARD} {_HOLDER} pg:s80 channel_key:s55",
    ),
    Operation("DELETE", "/subscribe/customers/{customer_uid}", "Delete a billing key", "BillingKey", errors=(404,)),
    Operation(
        "GET",
        "/subscribe/customers/{customer_uid}/payments",
        "List the payments of a key",
        "page:Payment",
        query="page:i1",
        errors=(400,),
    ),
    Operation(
        "GET",
        "/subscribe/customers/{customer_uid}/schedules",
        "List the schedules of a key",
        "page:Schedule",
        query=f"{_PER_KEY}",
        errors=(400,),
    ),
    Operation(
        "POST",
        "/subscribe/payments/again",
        "Charge a stored card",
        "Payment",
        body=f"customer_uid!:s80 name!:s40 {_CHARGE}",
    ),
    Operation(
        "POST",
        "/subscribe/payments/onetime",
        "Charge a card",
        "Payment",
        body=f"{_CARD} {_CHARGE} name:s40 customer_uid:s80 pg:s80",
    ),
    Operation(
        "POST",
        "/subscribe/payments/schedule",
        "Reserve charges",
        "[Schedule]",
        body="customer_uid!:s80 checking_amount:i schedules!:[Wanted]",
    ),
    Operation(
        "GET",
        "/subscribe/payments/schedule",
        "List schedules",
        "page:Schedule",
        query="schedule_from!:i schedule_to!:i schedule_status:scheduled|executed|revoked"
        f" {_PAGE} sorting:scheduled|-scheduled",
        errors=(400,),
    ),
    Operation("GET", "/subscribe/payments/schedule/{merchant_uid}", "Read a schedule", "Schedule"),
    Operation(
        "PUT",
        "/subscribe/payments/schedule/{merchant_uid}",
        "Move a schedule",
        "Schedule",
        body="schedule_at!:i",
        errors=(404,),
    ),
    Operation(
        "POST",
        "/subscribe/payments/schedule/{merchant_uid}/reschedule",
        "Reserve a failed one again",
        "Schedule",
        body="schedule_at!:i",
    ),
    Operation(
        "POST", "/subscribe/payments/schedule/{merchant_uid}/retry", "Charge a failed one now", "Payment", body=""
    ),
    Operation(
        "GET",
        "/subscribe/payments/schedule/customers/{customer_uid}",
        "List the schedules of a key",
        "page:Schedule",
        query=f"{_PER_KEY}",
        errors=(400,),
    ),
    Operation(
        "POST",
        "/subscribe/payments/unschedule",
        "Revoke schedules",
        "[Schedule]",
        body="customer_uid:s80 merchant_uid:[s40]",
    ),
    Operation("GET", "/payments/{imp_uid}", "Read a payment", "Payment", query="include_sandbox:b"),
    Operation(
        "GET",
        "/payments",
        "Read several payments",
        "[Payment]",
        query="imp_uid[]:[s32] merchant_uid[]:[s40]",
        also=(207,),
        errors=(400, 404),
    ),
    Operation("GET", "/payments/{imp_uid}/balance", "What is left by kind of money (other PGs)", "any"),
    Operation(
        "GET",
        "/payments/find/{merchant_uid}",
        "Find a payment by its order",
        "Payment",
        query=f"{_SORTING}",
        errors=(400,),
    ),
    Operation(
        "GET",
        "/payments/find/{merchant_uid}/{payment_status}",
        "Find a payment by its order",
        "Payment",
        query=f"{_SORTING}",
        errors=(400,),
    ),
    Operation(
        "GET",
        "/payments/findAll/{merchant_uid}",
        "Find all payments of an order",
        "page:Payment",
        query=f"{_PAGE} {_SORTING}",
        errors=(400,),
    ),
    Operation(
        "GET",
        "/payments/findAll/{merchant_uid}/{payment_status}",
        "Find all payments of an order",
        "page:Payment",
        query=f"{_PAGE} {_SORTING}",
        errors=(400,),
    ),
    Operation(
        "GET",
        "/payments/status/{payment_status}",
        "List payments",
        "page:Payment",
        query=f"{_PAGE} from:i to:i {_SORTING}",
        errors=(400,),
    ),
    Operation(
        "POST",
        "/payments/cancel",
        "Cancel a payment",
        "Payment",
        body="imp_uid:s64 merchant_uid:s64 amount:i tax_free:i checksum:i reason:s256 refund_holder:s16 "
        "refund_bank:s4 refund_account:s40 enable_webhook:b",
    ),
    Operation(
        "POST", "/payments/prepare", "Register an amount", "Prepared", body="merchant_uid!:s40 amount!:i currency:s3"
    ),
    Operation(
        "PUT",
        "/payments/prepare",
        "Change a registered amount",
        "Prepared",
        body="merchant_uid!:s40 amount!:i currency:s3",
        errors=(404,),
    ),
    Operation("GET", "/payments/prepare/{merchant_uid}", "Read a registered amount", "Prepared"),
    Operation("GET", "/cards", "List card issuers", "[Code]"),
    Operation("GET", "/cards/{code}", "Read a card issuer", "Code"),
    Operation("GET", "/banks", "List banks", "[Code]"),
    Operation("GET", "/banks/{code}", "Read a bank", "Code"),
    Operation("GET", "/receipts/{imp_uid}", "Read a cash receipt", "Receipt"),
    Operation("POST", "/receipts/{imp_uid}", "Issue a cash receipt", "Receipt", body=f"{_RECEIPT}", errors=(501,)),
    Operation("DELETE", "/receipts/{imp_uid}", "Cancel a cash receipt", "Receipt", errors=(400, 404, 501)),
    Operation("GET", "/receipts/external/{merchant_uid}", "Read a cash receipt of an order paid elsewhere", "Receipt"),
    Operation(
        "POST",
        "/receipts/external/{merchant_uid}",
        "Issue a cash receipt for an order paid elsewhere",
        "Receipt",
        body=f"channel_key!:s55 name!:s40 amount!:i1 {_RECEIPT}",
        errors=(501,),
    ),
    Operation(
        "DELETE",
        "/receipts/external/{merchant_uid}",
        "Cancel a cash receipt of an order paid elsewhere",
        "Receipt",
        errors=(400, 404),
    ),
    Operation(
        "POST",
        "/vbanks",
        "Issue a virtual account",
        "Payment",
        body=f"channel_key!:s55 vbank_code!:s10 vbank_due!:i vbank_holder:s16 name:s40 {_CHARGE}",
    ),
    Operation(
        "PUT", "/vbanks/{imp_uid}", "Change a virtual account", "Payment", body="amount:i1 vbank_due:i", errors=(404,)
    ),
    Operation("DELETE", "/vbanks/{imp_uid}", "Revoke a virtual account", "Payment", errors=(400, 404)),
    Operation("GET", "/healthz", "Whether the sandbox serves", "any"),
    Operation("GET", "/_sandbox/faults", "List the planned faults", "any"),
    Operation(
        "POST",
        "/_sandbox/faults",
        "Plan a fault",
        "any",
        body=f"kind!:{'|'.join(FaultKind)} path:s200 method:s10 nth:i1 times:i1 seconds:f status:i400 chance:f seed:i",
    ),
    Operation("DELETE", "/_sandbox/faults", "Clear all faults", "any"),
    Operation("DELETE", "/_sandbox/faults/{fault_id}", "Clear a fault", "any", errors=(404,)),
    Operation("GET", "/_sandbox/clock", "Read the clock", "any"),
    Operation(
        "PUT",
        "/_sandbox/clock",
        "Move the clock",
        "any",
        body="move!:freeze|set|advance|run|real at:i seconds:i",
        errors=(404,),
    ),
    Operation(
        "PUT", "/_sandbox/nightly-reversal", "Switch JTNET's nightly reversal", "any", body="on!:b", errors=(404,)
    ),
    Operation("GET", "/_sandbox/webhooks", "List webhooks and their attempts", "any"),
    Operation("GET", "/_sandbox/webhooks/mode", "Read the webhook mode", "any"),
    Operation(
        "PUT",
        "/_sandbox/webhooks/mode",
        "Set the webhook mode",
        "any",
        body="mode!:normal|lost|doubled|delayed|reordered seconds:f",
        errors=(404,),
    ),
    Operation("POST", "/_sandbox/webhooks/{webhook_id}/resend", "Send a webhook again", "any", body=""),
    Operation(
        "POST",
        "/_sandbox/webhooks/resend",
        "Send all webhooks of a state again",
        "any",
        body="state!:waiting|sent|failed|lost",
    ),
    Operation(
        "POST", "/_sandbox/webhooks/test", "Send a test webhook", "any", body="imp_code:s50 url:s500", errors=(404,)
    ),
    Operation("GET", "/_sandbox/merchants", "List the merchants", "any"),
    Operation(
        "PUT",
        "/_sandbox/merchants/{imp_code}",
        "Make or change a merchant",
        "any",
        body="imp_key:s200 imp_secret:s300 webhook_url:s500 webhook_format:json|form webhook_retries:b is_live:b",
        errors=(404,),
    ),
    Operation("GET", "/_sandbox/payments", "All payments", "[Payment]", query="merchant_uid:s40"),
    Operation("GET", "/_sandbox/billing-keys", "All billing keys", "[BillingKey]"),
    Operation("GET", "/_sandbox/schedules", "All schedules", "[Schedule]"),
    Operation("GET", "/_sandbox/requests", "The latest requests", "any"),
    Operation("GET", "/_sandbox/test-cards", "The test cards", "any"),
    Operation(
        "POST",
        "/_sandbox/window-keys",
        "Register a test card as a buyer does",
        "any",
        body="customer_uid!:s80 merchant_uid!:s40 card:s40 issuer:s3 amount:i name:s40 serial:i imp_code:s50",
        errors=(404,),
    ),
    Operation(
        "POST",
        "/_sandbox/payments/{imp_uid}/cancel",
        "Cancel as in the console",
        "Payment",
        body="amount:i reason:s256",
    ),
    Operation(
        "POST",
        "/_sandbox/payments/{imp_uid}/deposit",
        "Pay into a virtual account",
        "Payment",
        body="amount:i even_late:b keeps_amount:b",
    ),
    Operation("POST", "/_sandbox/reset", "Forget everything", "any", body=""),
    Operation("GET", "/_sandbox/snapshot", "The whole state as a file", "any", raw="application/vnd.sqlite3"),
    Operation("GET", "/_sandbox/openapi.json", "This document", "any", raw="application/json"),
)
