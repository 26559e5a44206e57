"""The error of this package: ConfigurationError <- PolicyError."""

from __future__ import annotations

from shared.errors import ConfigurationError


class PolicyError(ConfigurationError):
    """Says in one sentence that a policy, or a strictness for it, cannot be used.

    `source` is the file, policy or setting; `key` the place in it ("" for the whole); `what` the rest of the sentence.
    None of them quotes a term: these are labels of a protective classifier, and errors are logged.
    """

    def __init__(self, source: str, key: str, what: str) -> None:
        super().__init__(source, key, what)
        self.source = source
        self.key = key
        self.what = what

    def __str__(self) -> str:
        place = f"{self.source}: {self.key}" if self.key else self.source
        return f"{place} {self.what}."
