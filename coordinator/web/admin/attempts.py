"""How many wrong tokens one address may send."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque

from coordinator.web.addresses import Address

MOST_WRONG = 10
WITHIN_S = 60.0
"""Ten in a minute: more than a person mistypes, and far too few to guess a token."""

MOST_PLACES = 1024
"""Addresses remembered at once; the one that was wrong longest ago is forgotten first."""

IPV6_PLACE_BITS = 64
"""One customer has at least so much of an IPv6 address for himself."""


class Attempts:
    """Count wrong tokens by address. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: Address | None, now: float) -> float:
        """Return the seconds until an address may try again, 0 when it may now."""
        times = self._wrong.get(_place(address))
        if times is None or len(times) < MOST_WRONG:
            return 0.0
        return max(times[0] + WITHIN_S - now, 0.0)

    def note_wrong(self, address: Address | None, now: float) -> None:
        """Count a wrong token."""
        place = _place(address)
        self._wrong.setdefault(place, deque(maxlen=MOST_WRONG)).append(now)
        self._wrong.move_to_end(place)
        if len(self._wrong) > MOST_PLACES:
            self._wrong.popitem(last=False)


def _place(address: Address | None) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_PLACE_BITS), strict=False))
    return str(address)
