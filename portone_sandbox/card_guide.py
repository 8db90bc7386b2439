"""The test cards as people meet them: a title, what each does, and a number that does it."""

from dataclasses import dataclass

from portone_sandbox.cards import Behaviour, number, with_dashes

FILLED = {"expiry": "12 / 99", "birth": "900101", "password": "12"}  # what the other fields may be for every test card
TITLES = {
    Behaviour.APPROVE: "승인",
    Behaviour.BALANCE: "잔액 부족",
    Behaviour.LIMIT: "한도 초과",
    Behaviour.STOPPED: "거래 정지",
    Behaviour.EXPIRED: "유효기간 경과",
    Behaviour.WRONG_NUMBER: "카드번호 틀림",
    Behaviour.SLOW: "느린 응답",
    Behaviour.ANSWER_LOST: "승인 뒤 응답 유실",
    Behaviour.WORKS_TWICE: "두 번 승인 뒤 거절",
    Behaviour.FIRST_DECLINED: "등록되지만 첫 결제 거절",
    Behaviour.EXPIRES_NEXT_MONTH: "다음 달 만료",
    Behaviour.LOST_CARD: "분실·도난",
    Behaviour.CHARGE_WITHOUT_KEY: "결제되지만 등록 실패",
    Behaviour.LATE_APPROVAL: "거절 뒤 늦은 승인",
    Behaviour.ISSUER_DOWN: "카드사 점검",
}
_ABOUT = {
    Behaviour.APPROVE: "등록과 결제가 모두 승인됩니다.",
    Behaviour.BALANCE: "등록되지만 모든 결제가 거절됩니다.",
    Behaviour.LIMIT: "등록되지만 모든 결제가 거절됩니다.",
    Behaviour.STOPPED: "등록되지만 모든 결제가 거절됩니다.",
    Behaviour.EXPIRED: "등록되지만 모든 결제가 거절됩니다.",
    Behaviour.WRONG_NUMBER: "등록도 결제도 되지 않습니다.",
    Behaviour.SLOW: "승인까지 몇 초가 걸립니다.",
    Behaviour.ANSWER_LOST: "승인되지만 연결이 끊겨 응답이 오지 않습니다.",
    Behaviour.WORKS_TWICE: "결제 두 번은 승인되고 그 뒤로 거절됩니다.",
    Behaviour.FIRST_DECLINED: "등록과 함께 결제하면 등록만 되고, 다음 결제부터 승인됩니다.",
    Behaviour.EXPIRES_NEXT_MONTH: "다음 달 말까지 승인되고 그 뒤로 거절됩니다.",
    Behaviour.LOST_CARD: "등록되지만 모든 결제가 거절됩니다.",
    Behaviour.CHARGE_WITHOUT_KEY: "등록과 함께 결제하면 결제만 되고 빌링키가 생기지 않습니다.",
    Behaviour.LATE_APPROVAL: "거절로 응답한 뒤 나중에 승인으로 바뀝니다.",
    Behaviour.ISSUER_DOWN: "카드사가 응답하지 않아 결제되지 않습니다.",
}
IN_WINDOW = (
    Behaviour.APPROVE, Behaviour.BALANCE, Behaviour.LIMIT, Behaviour.WRONG_NUMBER, Behaviour.FIRST_DECLINED,
    Behaviour.CHARGE_WITHOUT_KEY, Behaviour.SLOW, Behaviour.ANSWER_LOST,
)  # fmt: skip


@dataclass(frozen=True)
class SampleCard:
    behaviour: Behaviour
    title: str
    about: str
    number: str


def sample_card(behaviour: Behaviour, issuer: str = "366") -> SampleCard:
    """A card that behaves so; title and sentence are Korean, for `say`."""
    return SampleCard(behaviour, TITLES[behaviour], _ABOUT[behaviour], with_dashes(number(behaviour, issuer)))


def sample_cards(issuer: str = "366") -> list[SampleCard]:
    return [sample_card(behaviour, issuer) for behaviour in Behaviour]
