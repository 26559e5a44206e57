"""The way in which a picture was looked at: verdicts hold for it, and for no other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

TERM_DIGEST_BYTES = 8


@dataclass(frozen=True)
class Way:
    """Name all that decides a verdict, beside the bytes of the picture.

    Two ways that differ in `policy_fingerprint` and `terms` only give the same scores for the same term.
    """

    views: str
    cutter_version: str
    frame_size: int
    model: str
    weights_fingerprint: str
    policy_fingerprint: str
    """SHA-256 in hex."""
    terms: tuple[str, ...] = field(repr=False)
    """The columns of the scores. They are never stored: only digests of them are."""

    @cached_property
    def digest(self) -> bytes:
        """Digest of how and by what scores are made, whatever they are judged by: 32 bytes."""
        content = [self.views, self.cutter_version, self.frame_size, self.model, self.weights_fingerprint]
        return hashlib.sha256(json.dumps(content).encode()).digest()

    @cached_property
    def policy_digest(self) -> bytes:
        """The policy's fingerprint as 32 bytes."""
        return bytes.fromhex(self.policy_fingerprint)

    @cached_property
    def terms_digest(self) -> bytes:
        """8 bytes for each term, in the order of the columns."""
        return b"".join(hashlib.sha256(term.encode()).digest()[:TERM_DIGEST_BYTES] for term in self.terms)

    def columns_in(self, terms_digest: bytes) -> tuple[int, ...] | None:
        """Say which columns of scores made for other terms are those of this way; None when one is not there."""
        step = TERM_DIGEST_BYTES
        places = {terms_digest[start : start + step]: start // step for start in range(0, len(terms_digest), step)}
        own = self.terms_digest
        found = [places.get(own[start : start + step]) for start in range(0, len(own), step)]
        return tuple(place for place in found if place is not None) if None not in found else None
