"""A line to the sandbox inside the process, on which the calling process can be made to die."""

from portone_sandbox.inprocess import WsgiAdapter


class Crash(BaseException):
    """The process is gone: no line of the product after it runs, but for what a closed connection does."""


class CrashingAdapter(WsgiAdapter):
    """`plan` = (how many calls still go well, whether the fatal one is carried out at the other end)."""

    plan = None

    def send(self, request, *parts, **more):
        if self.plan is None:
            return super().send(request, *parts, **more)
        calls, done = self.plan
        if calls:
            self.plan = (calls - 1, done)
            return super().send(request, *parts, **more)
        self.plan = None
        if done:
            super().send(request, *parts, **more)
        raise Crash
