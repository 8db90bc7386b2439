"""Where PortOne's webhooks arrive."""

from flask import Blueprint

bp = Blueprint("webhooks", __name__)
