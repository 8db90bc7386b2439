"""Contrast, computed again from the tokens of app.css in both themes (WCAG 2.2: 4.5 for text, 3 for controls)."""

import math
import re

import pytest

from tests.support.world import ROOT

CSS = (ROOT / "static/css/app.css").read_text()
TOKEN = re.compile(r"--([a-z-]+): light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\);")
TOKENS = {name: pair for name, *pair in TOKEN.findall(CSS)}
TEXT = 4.5
PAIRS = [
    *[("text", ground, 7) for ground in ("bg", "surface", "raised", "sunken")],
    *[("muted", ground, TEXT) for ground in ("bg", "surface", "raised", "sunken")],
    *[("accent", ground, TEXT) for ground in ("bg", "surface", "raised")],
    *[("accent-strong", ground, TEXT) for ground in ("surface", "accent-soft")],
    *[(tone, f"{tone}-soft", TEXT) for tone in ("ok", "bad", "warn", "info")],
    *[(tone, "surface", TEXT) for tone in ("ok", "bad", "warn", "info")],
    *[("text", f"{tone}-soft", TEXT) for tone in ("warn", "info", "bad", "ok", "accent")],
    ("bad", "raised", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("on-bad", "bad-solid", TEXT),
    ("on-bad", "bad-solid-strong", TEXT),
    ("on-toast", "toast", 7),
    ("control", "raised", 3),
    ("control", "surface", 3),
    ("accent", "raised", 3),
    ("bad", "raised", 3),
]


def luminance(colour):
    """Relative luminance of `oklch(L% C H)`, by way of OKLab and linear sRGB."""
    light, chroma, hue = (float(part.rstrip("%")) for part in colour[6:-1].split())
    light, angle = light / 100, math.radians(hue)
    a, b = chroma * math.cos(angle), chroma * math.sin(angle)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(max(part, 0), 1) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21():
    assert contrast("oklch(100% 0 0)", "oklch(0% 0 0)") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_what_is_read_stands_out(front, ground, least, theme):
    assert contrast(TOKENS[front][theme], TOKENS[ground][theme]) >= least


def test_colours_stand_in_the_tokens_alone():
    body = CSS.split("@layer reset {", 1)[1].split("@layer print {", 1)[0]
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[;\s}])|oklch\(", body) == []


def test_no_colour_fades_in():
    """Chromium may style a focused control before the sheet is there; a fade would then pass through unreadable pairs."""
    faded = re.findall(r"transition(?:-property)?: [^;}]*(?:all|background|color)[^;}]*", CSS)
    assert faded == []
