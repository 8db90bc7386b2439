"""Everything HTTP that features share, put on the app in one place and in one order."""

from flask import Flask
from jinja2 import StrictUndefined

from merchant_admin.core.settings import Mode, Settings
from merchant_admin.web.assets import init_assets
from merchant_admin.web.banners import init_banners
from merchant_admin.web.card_data import init_card_data
from merchant_admin.web.components import init_components
from merchant_admin.web.csrf import init_csrf
from merchant_admin.web.errors import init_errors
from merchant_admin.web.filters import init_filters
from merchant_admin.web.headers import init_headers
from merchant_admin.web.icons import init_icons
from merchant_admin.web.languages import init_languages
from merchant_admin.web.looks import init_looks
from merchant_admin.web.navigation import init_navigation
from merchant_admin.web.preferences import init_preferences
from merchant_admin.web.uploads import init_uploads


def init_web(app: Flask, settings: Settings) -> None:
    """Headers, CSRF, languages, assets, navigation, error pages and the words of templates."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        merchant_name=settings.merchant_name or settings.imp_code,
        is_test=settings.mode is not Mode.LIVE,
        endpoint_exists=lambda name: name in app.view_functions,
    )
    init_headers(app, settings)
    init_assets(app, settings)
    init_languages(app, settings.root / "translations" / "en")
    init_uploads(app)
    init_csrf(app, settings)
    init_card_data(app)
    init_errors(app)
    init_filters(app)
    init_icons(app)
    init_looks(app)
    init_navigation(app)
    init_banners(app)
    init_preferences(app)
    if not settings.is_production:
        init_components(app)
