"""Forms about staff: text from outside made into typed commands, with messages at the fields.

Passwords don't pass the form reader: they are taken exactly as typed and never drawn again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from merchant_admin.core.errors import InvalidInput
from merchant_admin.core.permissions import Role
from merchant_admin.web.forms import FormReader


@dataclass(frozen=True)
class NewStaff:
    email: str
    name: str
    role: Role
    password: str


def read_new_staff(data: Mapping[str, str]) -> tuple[FormReader, NewStaff | None]:
    """The form of a new person; None where a field has a message."""
    form = FormReader(data)
    email, name = form.email("email", required=True), form.line("name", most=60, required=True)
    role, password = form.choice("role", Role), data.get("password", "")
    if not password:
        form.refuse("password", _("비밀번호를 적어 주세요."))
    if not form.is_valid or email is None or role is None:
        return form, None
    return form, NewStaff(email, name, role, password)


def read_details(data: Mapping[str, str]) -> tuple[FormReader, str, Role | None]:
    """Name and role of a person who is there already."""
    form = FormReader(data)
    return form, form.line("name", most=60, required=True), form.choice("role", Role)


def read_new_password(data: Mapping[str, str]) -> tuple[FormReader, str]:
    """A password typed twice, since nobody sees it."""
    form = FormReader({})
    password = data.get("password", "")
    if not password:
        form.refuse("password", _("비밀번호를 적어 주세요."))
    elif "password_again" in data and data["password_again"] != password:
        form.refuse("password_again", _("두 번 적은 비밀번호가 서로 다릅니다."))
    return form, password


def put_messages(form: FormReader, refusal: InvalidInput) -> None:
    """The rules' messages at the form's fields."""
    for name, message in refusal.fields.items():
        form.refuse(name, str(message))
