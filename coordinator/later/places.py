"""Where a removed picture may still be had: in caches between pict-rs and its readers. Pure: no input or output."""

from __future__ import annotations

from collections.abc import Iterable


def places(aliases: Iterable[str], bucket_url: str = "") -> tuple[str, ...]:
    """List what to drop from caches, as paths below the instance's own address.

    Each stands for itself with any query: pict-rs makes other sizes and formats from the query. `bucket_url` is where
    pict-rs redirected to.
    """
    paths = (path for alias in aliases for path in (f"/pictrs/image/{alias}", f"/image/original/{alias}"))
    return (*paths, bucket_url) if bucket_url else tuple(paths)
