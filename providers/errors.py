"""What can go wrong with a provider. A text never holds an address, a key or what was answered.

* ProviderError
  x ProviderUnavailable    no answer: time-out, lost connection, 5xx, a redirect elsewhere, no such file
  x KeyRefused             401, 403: the key is wrong, or its plan does not include what was asked
  x RateLimited            too many requests, or the quota is used up; `wait` says for how long
  x RequestRefused         any other 4xx; `status` and the provider's own `code` say why
  x AnswerUnusable         an answer that is not what was asked for: broken, too large, another shape
"""

from datetime import timedelta


class ProviderError(Exception):
    """`source` is the provider's name; `what` is what happened, without it."""

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source}: {what}")
        self.source = source
        self.what = what


class ProviderUnavailable(ProviderError):
    """Nothing could be had; the same request may succeed later."""


class KeyRefused(ProviderError):
    """Only a person can help: another key, or a larger plan."""


class RateLimited(ProviderError):
    """Ask again after `wait`, not earlier."""

    def __init__(self, source: str, wait: timedelta) -> None:
        super().__init__(source, f"asks to wait {wait.total_seconds():.0f} seconds")
        self.wait = wait


class RequestRefused(ProviderError):
    """The provider does not know what was asked for; `code` is its own word for that, or empty."""

    def __init__(self, source: str, status: int, code: str = "") -> None:
        super().__init__(source, f"the server answered {status}{f' {code}' if code else ''}")
        self.status = status
        self.code = code


class AnswerUnusable(ProviderError):
    """There was an answer, and nothing can be done with it."""
