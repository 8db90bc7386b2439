"""Screens that read across features: home, one customer, one card, one payment, search."""

from flask import Blueprint

bp = Blueprint("overview", __name__)
