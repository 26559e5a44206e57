"""Opens the services that are set, if the extra `notify` is installed. Reading apprise takes half a second or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from coordinator.notices.apprise_targets import Target


def open_targets(urls: str) -> tuple[Target, ...]:
    """Return the services of FEDIWARD_NOTIFY_URLS. Raises ConfigurationError naming the address that is wrong."""
    if not urls.strip():
        return ()
    try:
        from coordinator.notices.apprise_targets import targets_of
    except ModuleNotFoundError as error:
        if error.name != "apprise":
            raise
        raise ConfigurationError(
            "FEDIWARD_NOTIFY_URLS needs a package that is not installed: pip install 'fediward[notify]'."
        ) from error
    return targets_of(urls)
