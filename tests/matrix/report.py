"""Counts what a run of the matrix tried, and writes it into docs/reliability.md.

pytest tests/matrix --junitxml=matrix.xml && python -m tests.matrix.report matrix.xml
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- counted: begin -->", "<!-- counted: end -->"
WORDS = {
    "charge": "charge a stored card", "refund": "refund", "registration": "register a card in the window",
    "deletion": "delete a card", "webhook": "webhooks doubled, reordered, forged",
    "reservation": "reserve a charge at PortOne", "moving": "give a reservation another time",
    "revocation": "revoke a reservation", "running_again": "run a revoked reservation again",
    "typed": "charge a typed card, half of them stored too",
    "typed_to_store": "store a typed card",
}  # fmt: skip


def counted(paths):
    """The facts of every case of a run, and how many random steps were made."""
    cases, steps, failed = [], 0, 0
    tests = [test for path in paths for test in ET.parse(path).iter("testcase")]  # noqa: S314 - files of pytest
    for test in tests:
        failed += test.find("failure") is not None or test.find("error") is not None
        for fact in test.iter("property"):
            if fact.get("name") == "matrix":
                cases.append(json.loads(fact.get("value")))
            elif fact.get("name") == "steps":
                steps += int(fact.get("value"))
    return cases, steps, failed


def table(cases, steps, failed):
    """The counted part of the page."""
    rows = defaultdict(list)
    for case in cases:
        rows[case["act"], case["call"]].append(case)
    lines = [
        "| act | call that fails | kinds of fault | SQLite | PostgreSQL | slowest to be known |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for (act, call), found in rows.items():
        on = {base: sum(case["database"] == base for case in found) for base in ("sqlite", "postgresql")}
        kinds, slowest = len({case["fault"] for case in found}), max(case["seconds"] for case in found)
        lines.append(f"| {WORDS[act]} | `{call}` | {kinds} | {on['sqlite']} | {on['postgresql']} | {slowest} s |")
    hands = {number: sum(case["hands"] == number for case in cases) for number in (2, 10)}
    lines += [
        "",
        f"**{len(cases)} cases** ({hands[2]} with two hands and two workers at once, {hands[10]} with ten), "
        f"{len({case['fault'] for case in cases})} kinds of fault, **{failed} failures**."
        + (f" **{steps:,} random steps**, none of which broke a rule." if steps else ""),
    ]
    return "\n".join(lines)


def main():
    text = table(*counted(sys.argv[1:]))
    print(text)
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
