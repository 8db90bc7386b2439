"""The worker command, and health for load balancers."""

from flask import Blueprint

bp = Blueprint("worker", __name__)
