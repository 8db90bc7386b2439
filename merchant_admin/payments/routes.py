"""The history, and the sheet that charges a card."""

from flask import Blueprint

bp = Blueprint("payments", __name__)
