"""Reads a file of customers as Korean spreadsheets save it, and names every line that can't be used."""

import base64
import binascii
import csv
import io
import re
import zlib
from dataclasses import dataclass, field

from flask_babel import gettext as _

from merchant_admin.core.errors import InvalidInput
from merchant_admin.customers.forms import read_details
from merchant_admin.customers.sheets import MOST_ROWS, SheetRow

MOST_BYTES = 2_000_000
_HEADINGS = {
    "name": ("이름", "고객", "고객명", "고객이름", "성명", "성함", "name", "customer", "customername", "fullname"),
    "phone": (
        "전화", "전화번호", "휴대폰", "휴대폰번호", "휴대전화", "핸드폰", "연락처",
        "phone", "phonenumber", "mobile", "tel",
    ),
    "email": ("이메일", "메일", "이메일주소", "email", "emailaddress", "mail"),
    "memo": ("메모", "비고", "memo", "note", "notes"),
}  # fmt: skip
_FIELD_OF = {heading: name for name, headings in _HEADINGS.items() for heading in headings}
_NO_ZERO = re.compile(r"1[016789][0-9]{7,8}")  # a spreadsheet took the number for a number


@dataclass(frozen=True)
class BrokenLine:
    """A line that can't be used, and why. `column` is the heading as the file has it; None for the whole line."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True)
class Sheet:
    """What the file holds. `ignored` are headings that aren't taken over."""

    rows: list[SheetRow] = field(default_factory=list)
    broken: list[BrokenLine] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_sheet(raw: bytes) -> Sheet:
    """The customers of the file. Raises InvalidInput at `file` where it is no such file at all."""
    text = _decoded(raw)
    if not text.strip():
        raise _refused(_("파일이 비어 있습니다. 첫 줄에 제목을, 다음 줄부터 고객을 적어 주세요."))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number, taken, columns, sheet = 0, 0, None, Sheet()
    while True:
        number += 1
        try:
            cells = next(lines, None)
        except csv.Error:
            sheet.broken.append(
                BrokenLine(number, None, _("따옴표가 맞지 않거나 칸이 너무 길어, 이 줄부터 읽을 수 없습니다."))
            )
            break
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells, sheet)
        elif taken == MOST_ROWS:
            raise _refused(_("고객이 %(most)s명보다 많습니다. 파일을 나누어 올려 주세요.", most=f"{MOST_ROWS:,}"))
        else:
            taken += 1
            _read_line(number, cells, columns, sheet)
    if not sheet.rows and not sheet.broken:
        raise _refused(_("제목 아래에 고객이 한 명도 없습니다."))
    return sheet


def pack(raw: bytes) -> str:
    """The file for a hidden field of the next form: nothing of it stays on the server in between."""
    return base64.urlsafe_b64encode(zlib.compress(raw)).decode("ascii")


def unpack(packed: str) -> bytes:
    """The file that `pack` put away. Raises InvalidInput for anything else."""
    try:
        squeezed = base64.b64decode(packed, altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        raw = opened.decompress(squeezed, MOST_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise _refused(_("파일을 다시 골라 주세요. 아무도 추가하지 않았습니다.")) from None
    if not opened.eof or len(raw) > MOST_BYTES:
        raise _refused(_("파일을 다시 골라 주세요. 아무도 추가하지 않았습니다."))
    return raw


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, {"file": message})


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _refused(_("엑셀 파일입니다. 엑셀에서 ‘다른 이름으로 저장 → CSV UTF-8’로 저장해 올려 주세요."))
    codings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp949")
    for coding in codings:
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused(_("파일의 글자를 읽을 수 없습니다. UTF-8이나 CP949(완성형)로 저장한 CSV를 올려 주세요."))


def _delimiter(text: str) -> str:
    """The sign that makes the most known headings of the first line."""
    first = text.lstrip().partition("\n")[0]

    def known(sign: str) -> int:
        return sum(_plain(cell.strip('" \r')) in _FIELD_OF for cell in first.split(sign))

    return max((",", ";", "\t"), key=known)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_\-.*()]", "", heading).casefold()


def _columns(cells: list[str], sheet: Sheet) -> list[tuple[str | None, str]]:
    """For each column its field, or None, and its heading."""
    columns = [(_FIELD_OF.get(_plain(cell)), cell.strip()) for cell in cells]
    names = [name for name, _heading in columns if name]
    if "name" not in names:
        raise _refused(
            _(
                "첫 줄에서 ‘이름’ 열을 찾지 못했습니다. 제목을 이름, 전화번호, 이메일, 메모 "
                "(또는 name, phone, email, memo)로 적어 주세요."
            )
        )
    for name, heading in columns:
        if name and names.count(name) > 1:
            raise _refused(_("‘%(heading)s’ 같은 뜻의 열이 둘 이상입니다. 하나만 남겨 주세요.", heading=heading[:40]))
    sheet.ignored.extend(heading[:40] for name, heading in columns if name is None and heading)
    return columns


def _read_line(number: int, cells: list[str], columns: list[tuple[str | None, str]], sheet: Sheet) -> None:
    if any(cell.strip() for cell in cells[len(columns) :]):
        sheet.broken.append(BrokenLine(number, None, _("제목보다 칸이 많습니다. 쉼표가 든 글은 따옴표로 묶어 주세요.")))
        return
    typed = {name: _cell(name, cell) for (name, _heading), cell in zip(columns, cells, strict=False) if name}
    form, details = read_details(typed)
    heading_of = {name: heading for name, heading in columns if name}
    if form.is_valid:
        sheet.rows.append(SheetRow(number, details))
    for name, message in form.errors.items():
        sheet.broken.append(BrokenLine(number, heading_of[name], message))


def _cell(name: str, cell: str) -> str:
    """A cell without what spreadsheets did to it: the sign before a formula, a phone number's lost zero."""
    text = cell.strip()
    if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"}:
        text = text[1:]
    if name == "phone":
        digits = re.sub(r"[\s\-]", "", text)
        return f"0{digits}" if _NO_ZERO.fullmatch(digits) else text
    return text
