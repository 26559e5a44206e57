"""Why a sweep cannot go on, now or at all.

    SweepError
    ├── SourceError          the store cannot be opened or read at all: an admin has to act
    ├── SourceAwayError      the store does not answer now; the sweep waits
    ├── GoneError            one file is not there any more
    ├── FetchError           one file cannot be read now; another try may work
    ├── RemovalError         one file was not removed
    ├── RefusedError         the coordinator refuses this caller: an admin has to act
    ├── StrangerError        what answers is no coordinator that knows sweeps
    ├── AwayError            the coordinator does not answer, or not now; the sweep waits
    └── LockedError          another sweep of this source is running

`str` is one sentence without secrets.
"""

from __future__ import annotations

from shared.errors import ConfigurationError, FediwardError


class SweepError(FediwardError):
    """Stand above every fault of a sweep. `str` is one sentence."""


class SourceError(SweepError):
    """The store cannot be opened or read at all."""


class SourceAwayError(SweepError):
    """The store does not answer now."""


class GoneError(SweepError):
    """A file is not there any more."""


class FetchError(SweepError):
    """A file cannot be read now."""


class RemovalError(SweepError):
    """A file was not removed, or is still there afterwards."""


class RefusedError(SweepError):
    """The coordinator refuses this caller."""


class StrangerError(SweepError):
    """What answers is no coordinator that knows sweeps."""


class AwayError(SweepError):
    """The coordinator does not answer, or not now."""


class LockedError(ConfigurationError, SweepError):
    """Another sweep of this source is running."""
