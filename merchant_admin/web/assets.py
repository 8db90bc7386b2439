"""The one list of files that come from others, and the addresses of our own.

Templates write `{{ asset("htmx") }}` and never a CDN's address; the content policy is built from the same list.
Each integrity hash is computed from the npm tarball, whose own hash package-lock.json pins; a test computes it again.

`python -m merchant_admin.web.assets vendor` copies the listed files from node_modules to static/vendor, for
ASSETS=local.
"""

import hashlib
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request, url_for
from markupsafe import Markup

from merchant_admin.core.settings import Settings

CDN = "https://cdn.jsdelivr.net/npm"
FOR_EVER = "public, max-age=31536000, immutable"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Asset:
    """One file of one npm package. `folder` names further files it fetches by itself, such as a font's pieces."""

    package: str
    version: str
    path: str
    kind: str  # script | style
    integrity: str
    folder: str | None = None
    folder_kind: str = "font"

    @property
    def where(self) -> str:
        return f"{self.package}@{self.version}"


ASSETS = {
    "htmx": Asset(
        "htmx.org", "4.0.1", "dist/htmx.min.js", "script",
        "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn",
    ),
    "pretendard": Asset(
        "pretendard", "1.3.9", "dist/web/variable/pretendardvariable-dynamic-subset.css", "style",
        "sha384-uR1wgObmx89ZQ4VVXHdzjbDJZ1PvBK01K+E3GebmaBKdZ87qRJvBWPoPbzWeEd5T",
        folder="dist/web/variable/woff2-dynamic-subset/",
    ),
}  # fmt: skip


def content_sources(settings: Settings, kind: str) -> list[str]:
    """What a content policy must name for `kind`, file by file; nothing when the files are served from here."""
    if settings.assets == "local":
        return []
    used = [asset for name, asset in ASSETS.items() if name != "pretendard" or settings.webfont]
    files = [f"{CDN}/{asset.where}/{asset.path}" for asset in used if asset.kind == kind]
    folders = [f"{CDN}/{asset.where}/{asset.folder}" for asset in used if asset.folder and asset.folder_kind == kind]
    return files + folders


def tag(settings: Settings, name: str) -> Markup:
    """The element that loads an asset, with its integrity hash. Empty for a font that is switched off."""
    asset = ASSETS[name]
    if name == "pretendard" and not settings.webfont:
        return Markup("")
    if settings.assets == "local":
        address = url_for("static", filename=f"vendor/{asset.where}/{asset.path}")
    else:
        address = f"{CDN}/{asset.where}/{asset.path}"
    if asset.kind == "script":
        line = '<script src="{}" integrity="{}" crossorigin="anonymous" defer></script>'
    else:
        line = '<link rel="stylesheet" href="{}" integrity="{}" crossorigin="anonymous">'
    return Markup(line).format(address, asset.integrity)  # noqa: S704 - the two forms above are the only ones


@lru_cache(maxsize=64)
def _hash_of(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def content_hash(path: Path) -> str:
    """Twelve signs that change with the file's bytes."""
    return _hash_of(path, path.stat().st_mtime_ns)


def init_assets(app: Flask, settings: Settings) -> None:
    """`asset(name)` and `static_url(path)` for templates, and the caching of our own files."""
    folder = Path(app.static_folder or "")

    def static_url(filename: str) -> str:
        return url_for("static", filename=filename, v=content_hash(folder / filename))

    def cache(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code not in {200, 304}:
            return response
        named = request.args.get("v", "")
        wanted = (request.view_args or {}).get("filename", "")
        is_exact = wanted.startswith("vendor/") or (named != "" and named == content_hash(folder / wanted))
        response.headers["Cache-Control"] = FOR_EVER if is_exact else "no-cache"
        return response

    app.jinja_env.globals.update(asset=lambda name: tag(settings, name), static_url=static_url)
    app.after_request(cache)


def vendor(root: Path = _ROOT) -> int:
    """Copy the listed files from node_modules to static/vendor; returns how many."""
    copied = 0
    for asset in ASSETS.values():
        package, to = root / "node_modules" / asset.package, root / "static" / "vendor" / asset.where
        paths = [package / asset.path]
        paths += sorted(path for path in (package / asset.folder).iterdir() if path.is_file()) if asset.folder else []
        for path in paths:
            target = to / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied += 1
    return copied


if __name__ == "__main__":
    if sys.argv[1:] != ["vendor"]:
        sys.exit("usage: python -m merchant_admin.web.assets vendor")
    sys.stdout.write(f"{vendor()} files copied to static/vendor\n")
