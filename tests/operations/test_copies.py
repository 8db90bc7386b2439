"""Copies of the database: whole, private, and refused when they are anything else."""

import pytest

from merchant_admin.customers.models import Customer
from merchant_admin.operations.copies import CopyRefused, back_up, bring_back


def names(world):
    world.session.rollback()
    return sorted(customer.name for customer in world.session.query(Customer))


def test_a_backup_brings_back_what_stood_there(world, tmp_path):
    world.a_customer("김서연")
    back_up(world.settings.database_url, tmp_path / "copy.db")
    world.a_customer("박도윤", phone="010-2222-3333", email=None)
    world.session.remove()
    bring_back(world.settings.database_url, tmp_path / "copy.db", tmp_path / "before.db")
    assert names(world) == ["김서연"]
    assert (tmp_path / "before.db").exists()


def test_a_backup_is_readable_by_its_owner_only(world, tmp_path):
    back_up(world.settings.database_url, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_backup_overwrites_nothing(world, tmp_path):
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(CopyRefused):
        back_up(world.settings.database_url, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x00" * 4096])
def test_anything_else_is_not_restored(world, tmp_path, content):
    world.a_customer("김서연")
    (tmp_path / "other.db").write_bytes(content)
    with pytest.raises(CopyRefused):
        bring_back(world.settings.database_url, tmp_path / "other.db", tmp_path / "before.db")
    assert names(world) == ["김서연"]
