"""The page of everything that was done."""

from flask import Blueprint

bp = Blueprint("audit", __name__)
