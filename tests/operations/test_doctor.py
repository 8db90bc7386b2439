"""What the doctor finds, and that each finding says what to do."""

from sqlalchemy import text

from merchant_admin.core.permissions import Role
from merchant_admin.operations.doctor import Patient, examine


def remedies(world):
    patient = Patient(world.settings, world.session(), world.gateway, world.clock)
    return {finding.subject: finding.remedy for finding in examine(patient) if finding.remedy}


def test_a_healthy_shop_has_nothing_to_mend(world):
    world.a_staff(Role.OWNER)
    (world.folder / "merchant.db").chmod(0o600)
    assert remedies(world) == {}


def test_nobody_who_can_sign_in_is_named(world):
    assert "staff create" in remedies(world)["owners"]


def test_a_missing_guard_is_named(world):
    with world.ctx().atomic() as session:
        session.execute(text("DROP TRIGGER attempts_move"))
    assert "guards" in remedies(world)


def test_a_wrong_key_is_told_apart_from_no_connection(world):
    world.gateway._client._credentials["imp_secret"] = "wrong"
    assert "PORTONE_IMP_SECRET" in remedies(world)["PortOne"]
