"""Promises about the text of every template: nothing inline, nothing unescaped, names that exist, money forms guarded."""

import os
import re
import subprocess
import sys

import pytest

from merchant_admin.web.icons import NAMES
from tests.support.world import ROOT

TEMPLATES = ROOT / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
TEXTS = {str(path.relative_to(TEMPLATES)): path.read_text() for path in FILES}
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^<>]*>", re.DOTALL)
UPGRADE_CHECK = ROOT / "node_modules/htmx.org/dist/scripts/upgrade-check.py"

FORBIDDEN = {
    "a script's body": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "an inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on\b"),
    "a js: value": re.compile(r"""["'](js|javascript):""", re.IGNORECASE),
    "a filter in hx-trigger": re.compile(r"""hx-trigger\s*=\s*["'][^"']*\["""),
    "hx-headers": re.compile(r"\bhx-headers\b"),
    "hx-vals with js": re.compile(r"""hx-vals\s*=\s*["']\s*js"""),
    "unescaped output": re.compile(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false"),
    "a CDN's address": re.compile(r"https?://(?!www\.w3\.org)[a-z0-9.-]*(cdn|jsdelivr|unpkg)", re.IGNORECASE),
    "an htmx 2 name": re.compile(r"\bhx-(disabled-elt|ext|history-elt|params)\b|htmx:(afterSwap|responseError)"),
    "a number field for money": re.compile(r"""<input[^>]*type=["']number"""),
}
MOVES_MONEY = re.compile(r"\.(create_charge|create_refund|send_again)\b")


def bare(text):
    """A template without its comments, which may name what is forbidden."""
    return COMMENT.sub("", text)


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_template_holds(what):
    found = [name for name, text in TEXTS.items() if FORBIDDEN[what].search(bare(text))]
    assert found == []


def test_every_icon_named_in_a_template_is_in_the_sprite():
    names = re.compile(r"""(?:\bicon|\bdraw)\(\s*"([a-z0-9-]+)"|\bicon=\s*"([a-z0-9-]+)\"""")
    used = {one or two for text in TEXTS.values() for one, two in names.findall(bare(text))}
    assert used - set(NAMES) == set()


def forms_of(text):
    return re.findall(r"<form\b.*?>(?=\s*(?:\{|<|\n|$))", bare(text), re.DOTALL)


def test_every_form_that_moves_money_drops_the_second_click():
    for name, text in TEXTS.items():
        for form in forms_of(text):
            if MOVES_MONEY.search(form):
                assert 'hx-sync="this:drop"' in form, name
                assert 'hx-disable="findAll button"' in form, name


def test_the_money_form_itself_carries_the_guards():
    text = bare(TEXTS["ui/money_form.html"])
    for guard in ('hx-sync="this:drop"', 'hx-disable="findAll button"', "csrf()", '"sheet_key"'):
        assert guard in text


def test_a_fragment_extends_nothing_and_says_what_it_needs():
    for name, text in TEXTS.items():
        if not name.split("/")[-1].startswith("_") or name.startswith("layout/"):
            continue
        assert "{% extends" not in text, name
        assert text.lstrip().startswith("{#"), f"{name}: open with a comment that names what it needs"


def test_a_page_extends_a_layout():
    for name, text in TEXTS.items():
        folder, _, file = name.rpartition("/")
        if folder in {"ui", "layout"} or file.startswith("_"):
            continue
        assert re.search(r'\{% extends ("layout/\w+\.html"|layout) %\}', text), name


def test_macros_live_in_ui_and_nowhere_else():
    assert [
        name for name, text in TEXTS.items() if "{% macro" in text and not name.startswith(("ui/", "layout/"))
    ] == []


def test_what_polls_stops_by_itself():
    """A trigger that repeats must hang on a condition: the last answer has none."""
    for name, text in TEXTS.items():
        for match in re.finditer(r"every \d+s", bare(text)):
            before = bare(text)[: match.start()]
            assert before.rfind("{% if") > before.rfind("{% endif"), f"{name}: polling without an end"


def test_templates_are_short():
    long = {name: text.count("\n") for name, text in TEXTS.items() if text.count("\n") > 150}
    assert long == {}


def test_no_file_of_others_is_tracked():
    listed = subprocess.run(
        ["git", "ls-files", "static", "node_modules", "templates"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = listed.stdout.split()
    assert [name for name in tracked if re.search(r"\.min\.|vendor/|node_modules/|\.(woff2?|ttf|map)$", name)] == []
    assert [name for name in tracked if "htmx" in name or "pretendard" in name] == []


@pytest.mark.skipif(
    not UPGRADE_CHECK.exists() and os.environ.get("CI") != "true", reason="npm ci --ignore-scripts brings node_modules"
)
def test_no_habit_of_htmx_2_is_left():
    told = subprocess.run(
        [sys.executable, UPGRADE_CHECK, "--no-color", TEMPLATES], capture_output=True, text=True, check=False
    ).stdout
    # The checker knows hx-disable only by its old meaning, and takes every outer hx-swap for a forgotten :inherited.
    problems = [
        line for line in told.splitlines() if ": [" in line and "hx-disable" not in line and "[inheritance]" not in line
    ]
    assert problems == []
