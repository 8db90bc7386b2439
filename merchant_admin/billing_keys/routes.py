"""The list of cards, and what staff do with one."""

from flask import Blueprint

bp = Blueprint("billing_keys", __name__)
