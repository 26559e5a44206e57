"""The name by which the tools of other software know a file, from its place in their store. Pure.

Sources: the storage layouts in the code of Mastodon (Paperclip's `:id_partition`), Pixelfed (MediaPathService), Misskey
(DriveService), Synapse (MediaFilePaths) and Mbin (ImageManager).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from coordinator.sweep.order import came_s

_MASTODON = re.compile(
    r"(?:^|/)(?:cache/)?(media_attachments|accounts|custom_emojis|preview_cards|site_uploads|backups)/\w+/((?:\d{3}/)+)"
)
_PIXELFED = re.compile(r"(?:^|/)m/_v2/(\d+)/[^/]+/[^/]+/([^/]+)$")
_SYNAPSE_LOCAL = re.compile(r"(?:^|/)local_content/(\w{2})/(\w{2})/(\w+)$")
_SYNAPSE_REMOTE = re.compile(r"(?:^|/)remote_content/([^/]+)/(\w{2})/(\w{2})/(\w+)$")
_MBIN = re.compile(r"(?:^|/)([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\.\w+$")
_MISSKEY = re.compile(
    r"(?:^|/)((?:thumbnail-|webpublic-)?[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})(?:\.\w+)?$"
)


def name_of(place: bytes) -> str:
    """Return a name and what knows it, such as `Mastodon media_attachments 439203`; empty for none."""
    text = place.decode("utf-8", "replace")
    for pattern, write in _NAMES:
        if found := pattern.search(text):
            return write(found)
    return "pict-rs identifier" if came_s(place) is not None else ""


def _mastodon(found: Match[str]) -> str:
    return f"Mastodon {found[1]} {int(found[2].replace('/', ''))}"


_NAMES: tuple[tuple[re.Pattern[str], Callable[[Match[str]], str]], ...] = (
    (_MASTODON, _mastodon),
    (_PIXELFED, lambda found: f"Pixelfed profile {found[1]}, media {found[2]}"),
    (_SYNAPSE_LOCAL, lambda found: f"Synapse media {found[1]}{found[2]}{found[3]}"),
    (_SYNAPSE_REMOTE, lambda found: f"Synapse media of {found[1]}: file {found[2]}{found[3]}{found[4]}"),
    (_MBIN, lambda found: f"Mbin image {found[3]}"),
    (_MISSKEY, lambda found: f"Misskey drive file with key {found[1]}"),
)
