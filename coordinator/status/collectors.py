"""All that is collected while the coordinator works."""

from __future__ import annotations

from coordinator.status.refusals import Refusals
from coordinator.status.roster import Roster
from coordinator.status.upload_log import UploadLog


class Collectors:
    """What the parts of the coordinator tell as things happen: everything in memory, nothing waits."""

    def __init__(self, now_s: float) -> None:
        self.uploads = UploadLog(now_s)
        self.roster = Roster()
        self.refusals = Refusals()
