"""Sign-in, sign-out, and the pages where the owner manages people."""

from flask import Blueprint

bp = Blueprint("staff", __name__)
