"""Say why no frame could be cut from an upload.

    MediaError
    ├── Unreadable     claims a format that we read, and does not decode
    ├── Unsupported    no format that we read
    ├── TooCostly      more pixels, processor time or memory than an upload may cost
    ├── CutTimedOut    no result in time, and not for want of processor time used
    └── NoPlace        the limited processes are closed, or will not start

Reasons are a closed set of our own sentences: nothing of a file's content can get into a log through them.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why, in words that may be shown to an admin. New ones go last: the pipe carries their position."""

    UNKNOWN_FORMAT = "not an image or video format that is read here"
    FORMAT_NOT_READ = "a known format that no decoder here reads"
    CODEC_NOT_READ = "a video whose codec is not read here"
    DOES_NOT_DECODE = "does not decode"
    TRUNCATED = "less than three quarters of it decode"
    NO_PICTURE = "contains no picture"
    CRASHED = "its decoder crashed"
    NONSENSE = "its limited process answered nonsense"
    SIDE_TOO_LONG = "a side has more pixels than allowed"
    TOO_MANY_PIXELS = "more pixels than allowed"
    MEMORY = "decoding needs more memory than allowed"
    PROCESSOR = "decoding needs more processor time than allowed"
    WALL_TIME = "no result within its wall time"
    DEADLINE = "no result before its deadline"
    NO_FREE_PROCESS = "no limited process became free before its deadline"
    CLOSED = "the limited processes are closed"
    WILL_NOT_START = "a limited process does not start"


class MediaError(Exception):
    """Stand above every reason for which an upload gives no frame."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason.value


class Unreadable(MediaError):  # noqa: N818 -- it names an outcome
    """Tell that the upload claims a format that is read here, and does not decode."""


class Unsupported(MediaError):  # noqa: N818 -- it names an outcome
    """Tell that the upload is in no format that is read here."""


class TooCostly(MediaError):  # noqa: N818 -- it names an outcome
    """Tell that the upload costs more pixels, processor time or memory than one may."""


class CutTimedOut(MediaError):  # noqa: N818 -- it names an outcome
    """Tell that time ran out while the processor was not what was missing."""


class NoPlace(MediaError):  # noqa: N818 -- it names an outcome
    """Tell that no limited process can be had at all."""
