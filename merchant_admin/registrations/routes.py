"""Registering a card: the form, the page with the window, and the two ways back from it."""

from flask import Blueprint

bp = Blueprint("registrations", __name__)
