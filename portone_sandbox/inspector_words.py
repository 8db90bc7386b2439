"""What the inspector says after an act. Korean, for `say`."""

NOTICES = {
    "clock_moved": ("ok", "시계를 맞췄습니다."),
    "clock_kept": ("bad", "시각을 읽을 수 없습니다. 시계는 그대로입니다."),
    "mode_set": ("ok", "웹훅 전달 방식을 바꿨습니다."),
    "mode_kept": ("bad", "전달 방식이나 초를 읽을 수 없습니다. 바꾼 것은 없습니다."),
    "webhook_resent": ("ok", "웹훅을 다시 보냅니다."),
    "webhooks_resent": ("ok", "받지 못한 웹훅을 모두 다시 보냅니다."),
    "webhook_unknown": ("bad", "그런 웹훅이 없습니다."),
    "test_sent": ("ok", "없는 거래의 테스트 웹훅을 보냅니다."),
    "no_address": ("bad", "웹훅을 받을 주소가 정해지지 않았습니다."),
    "fault_planned": ("ok", "장애를 계획했습니다."),
    "fault_refused": ("bad", "값이 범위를 벗어나 장애를 계획하지 않았습니다."),
    "faults_cleared": ("ok", "계획한 장애를 지웠습니다."),
    "cancelled": ("ok", "콘솔에서 취소했습니다. 가맹점은 웹훅으로만 압니다."),
    "cancel_refused": ("bad", "취소하지 않았습니다. 남은 금액과 상태를 확인하세요."),
    "deposited": ("ok", "입금했습니다. 결제가 완료되었습니다."),
    "deposit_refused": ("bad", "입금하지 않았습니다. 입금을 기다리는 계좌가 아닙니다."),
    "emptied": ("ok", "샌드박스를 비웠습니다."),
}
