"""What may go wrong with a measurement."""


class NotServed(Exception):
    """A peer did not do its work rightly or at all: this measurement does not count."""


class LeftOut(Exception):
    """Something cannot be measured on this machine; the text says why."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM came: everything ends, tidily."""
