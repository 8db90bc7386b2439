"""Reads a page as a careful reader would: it parses, it is titled, its parts have names, its forms carry a token."""

from bs4 import BeautifulSoup
from flask.testing import FlaskClient

NAMELESS = {"hidden", "submit", "button", "reset", "image"}


def faults(html):
    """What is wrong with a whole page, one line each; empty for a good one."""
    page = BeautifulSoup(html, "html.parser")
    return [*_title(page), *_ids(page), *_labels(page), *_forms(page), *_words(page)]


def inspect(html):
    """The parsed page, after it was looked over. Fails with every fault it found."""
    found = faults(html)
    assert not found, "\n".join(found)
    return BeautifulSoup(html, "html.parser")


def inspect_fragment(html):
    """The parsed fragment, after it was looked over: no html or body, everything else as on a page."""
    part = BeautifulSoup(html, "html.parser")
    assert not part.find(["html", "body", "head"]), "a fragment holds a whole page"
    found = [*_ids(part), *_labels(part), *_forms(part)]
    assert not found, "\n".join(found)
    return part


def _title(page):
    headings = page.find_all("h1")
    if len(headings) != 1:
        yield f"{len(headings)} h1 elements: {[str(each) for each in headings]}"
        return
    title = page.title.get_text(" ", strip=True) if page.title else ""
    if not headings[0].get_text(strip=True):
        yield "the h1 is empty"
    elif "".join(headings[0].get_text().split()) not in "".join(title.split()):
        yield f"title {title!r} says something else than h1 {headings[0].get_text(' ', strip=True)!r}"
    if not page.html or not page.html.get("lang"):
        yield "the page has no language"


def _ids(page):
    ids = [tag["id"] for tag in page.find_all(id=True)]
    for name in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"id {name!r} stands {ids.count(name)} times"
    for attribute in ("for", "aria-labelledby", "aria-describedby", "popovertarget"):
        for tag in page.find_all(attrs={attribute: True}):
            words = tag[attribute] if isinstance(tag[attribute], list) else tag[attribute].split()
            for name in words:
                if name not in ids:
                    yield f"{attribute}={name!r} points at nothing"


def _labels(page):
    labelled = {tag["for"] for tag in page.find_all("label", attrs={"for": True})}
    for control in page.find_all(["input", "select", "textarea"]):
        if control.get("type") in NAMELESS or control.get("aria-label") or control.get("aria-labelledby"):
            continue
        if control.get("id") not in labelled and not control.find_parent("label"):
            yield f"no label: {control}"
    for control in page.find_all(["button", "a"]):
        if not control.get_text(strip=True) and not control.get("aria-label"):
            yield f"no name: {control}"
    for table in page.find_all("table"):
        if not table.caption:
            yield "a table without a caption"
        for cell in table.find_all("th"):
            if not cell.get("scope"):
                yield f"no scope: {cell}"


def _forms(page):
    for form in page.find_all("form"):
        method = form.get("method", "get").lower()
        tokens = form.find_all("input", attrs={"name": "csrf_token"})
        if method == "post" and len(tokens) != 1:
            yield f"{len(tokens)} tokens in the form to {form.get('action')!r}"
        if method == "get" and tokens:
            yield f"a token in an address: the form to {form.get('action')!r}"
        if form.find_parent("form"):
            yield f"a form in a form: {form.get('action')!r}"


def _words(page):
    text = page.get_text(" ")
    for sign in ("{{", "{%", "%(", "None", "Undefined"):
        if sign in text:
            yield f"unfinished words on the page: {sign!r}"


class InspectingClient(FlaskClient):
    """A test browser that looks over every page and fragment it gets, whatever the status."""

    def open(self, *args, **kwargs):
        answer = super().open(*args, **kwargs)
        if answer.mimetype == "text/html" and answer.status_code not in {301, 302, 303} and answer.data:
            whole = answer.text.lstrip().lower().startswith("<!doctype html>")
            (inspect if whole else inspect_fragment)(answer.text)
        return answer
