"""The refund sheet, and the list of money given back."""

from flask import Blueprint

bp = Blueprint("refunds", __name__)
