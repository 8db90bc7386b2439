"""A clerk's desk for tests: opens the charge form, fills it, confirms it, and reads what came back."""

from bs4 import BeautifulSoup

ORDER = {"name": "12월 이용료", "amount_krw": "33,000", "tax_free_krw": "", "card_quota": "0", "memo": ""}


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def form_of(answer, action):
    """The fields of the form on a page that posts to `action`, as a browser would send them."""
    form = soup(answer).find("form", {"action": action})
    assert form is not None, answer.text[:3000]
    fields = {}
    for each in form.find_all(["input", "textarea", "select"]):
        if not each.get("name") or (each.get("type") in {"radio", "checkbox"} and not each.has_attr("checked")):
            continue
        if each.name == "select":
            chosen = each.find("option", selected=True) or each.find("option")
            fields[each["name"]] = chosen["value"]
        else:
            fields[each["name"]] = each.get("value", "") if each.name == "input" else each.text.strip("\n")
    return fields


class Desk:
    def __init__(self, client, key):
        self.client, self.key = client, key

    def sheet(self, **typed):
        """A freshly drawn form with this typed into it."""
        drawn = form_of(self.client.get(f"/charges/new?billing_key_id={self.key.id}"), "/charges/confirm")
        return drawn | ORDER | typed

    def confirm(self, sheet):
        return self.client.post("/charges/confirm", data=sheet)

    def charge(self, sheet, **ticks):
        return self.client.post("/charges", data=sheet | ticks)
