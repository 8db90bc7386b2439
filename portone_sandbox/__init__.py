"""A PortOne V1 to develop, test and train against: REST, browser SDK, payment windows, webhooks, a clock and faults.

Stands alone; judged by PortOne's own clients. No card number that is typed into it is ever kept.
"""

from portone_sandbox.app import create_sandbox
from portone_sandbox.config import SandboxConfig
from portone_sandbox.handle import Sandbox

__all__ = ["Sandbox", "SandboxConfig", "create_sandbox"]
