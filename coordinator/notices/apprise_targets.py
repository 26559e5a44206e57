"""The services that notices go to: the only file that knows apprise (extra `notify`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from coordinator.notices.notice import Notice
from shared.errors import ConfigurationError

SEND_S = 30.0
"""For one message to one service, connecting included."""


@dataclass(frozen=True)
class Target:
    """One service."""

    label: str
    """Its place in the setting and its kind, such as "2 (mailto)": an address may hold a password."""
    service: Apprise = field(repr=False)

    def send(self, notice: Notice) -> bool:
        """Send a notice, waiting for at most SEND_S; say whether it was taken."""
        sent = self.service.notify(
            title=notice.title,
            body=notice.text,
            notify_type=NotifyType(notice.tone.value),
            body_format=NotifyFormat.TEXT,
        )
        return bool(sent)


def targets_of(urls: str) -> tuple[Target, ...]:
    """Read apprise addresses, separated by spaces. Raises ConfigurationError for one that it does not understand."""
    # It would log addresses; what matters is told by whoever sends.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    # No pictures from its own site beside a notice: whoever reads it would tell that site.
    asset = AppriseAsset(
        app_id="Fediward",
        app_desc="Fediward",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        service_timeout=SEND_S,
    )
    targets = []
    for number, url in enumerate(urls.split(), 1):
        service = Apprise(asset=asset)
        if not service.add(url):
            kind = url.partition("://")[0][:20] if "://" in url else "no address"
            raise ConfigurationError(
                f"FEDIWARD_NOTIFY_URLS: address {number} ({kind}) is none that apprise understands; see its list of "
                "services."
            )
        targets.append(Target(f"{number} ({url.partition('://')[0]})", service))
    return tuple(targets)
