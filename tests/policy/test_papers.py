"""Promises of the repository itself: translations, migrations, what is tracked, what the README says."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.policy import models_match_migrations, translations

ROOT = Path(__file__).resolve().parents[2]


def test_every_text_on_screen_has_its_english():
    assert list(translations.gaps()) == []


def test_no_translation_outlives_its_text():
    assert list(translations.unused()) == []


def test_migrations_make_what_the_models_describe(tmp_path):
    assert models_match_migrations.differences(tmp_path) == []


@pytest.mark.postgres
def test_migrations_make_the_same_on_postgresql(tmp_path, postgres_url):
    assert models_match_migrations.differences(tmp_path, DATABASE_URL=postgres_url) == []


@pytest.fixture(scope="module")
def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")


def test_no_third_party_file_is_tracked(tracked):
    assert [
        name for name in tracked if re.search(r"\.min\.(js|css)$|^static/vendor/|^node_modules/|\.woff2?$", name)
    ] == []


def test_no_package_index_is_written_into_a_lock_file():
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / name).read_text()), name


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_every_setting_stands_in_the_readme(name):
    source = "".join((ROOT / f"merchant_admin/core/{file}.py").read_text() for file in ("settings", "outgoing"))
    words = set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source))
    words |= {f"PORTONE_MID_{word}" for word in re.findall(r'read\.channel\("([A-Z_]+)"', source)}
    assert len(words) > 15
    assert [
        word
        for word in sorted(words - {"CERTIFIED", "BILLING", "SECOND_BILLING"})
        if f"`{word}`" not in (ROOT / name).read_text()
    ] == []


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_every_command_of_the_readme_exists(name):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", (ROOT / name).read_text())) <= targets


def test_every_direct_dependency_is_explained():
    lists = "\n".join((ROOT / name).read_text() for name in ("requirements.in", "requirements-dev.in"))
    wanted = re.findall(r"^[A-Za-z][\w-]*", lists, re.MULTILINE)
    explained = (ROOT / "docs/dependencies.md").read_text().lower()
    assert [name for name in wanted if f"`{name.lower()}`" not in explained] == []


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("docs/**/*.md")) + sorted(ROOT.glob("*.md")), ids=lambda path: path.name
)
def test_links_between_papers_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
