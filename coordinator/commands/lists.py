"""Lists of hashes as files, for `ledger import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from coordinator.ledger.decisions import Decided
    from coordinator.ledger.exchange import Defaults
    from coordinator.ledger.likenesses import Listed


def read_list(
    file: Path, defaults: Defaults, *, is_pdq: bool, skip_bad: bool
) -> tuple[Sequence[Decided], Sequence[Listed], int]:
    """Return the decisions and the likenesses of a list, and how many lines were left out, each with a word on stderr.

    Raises ConfigurationError when the file, or a line that may not be left out, cannot be read, and when nobody here
    could make use of its likenesses.
    """
    from coordinator.copies import NEEDS_EXTRA, extra_is_installed
    from coordinator.ledger.exchange import LineError, read_lines
    from coordinator.ledger.likenesses import Listed

    decided: list[Decided] = []
    listed: list[Listed] = []
    bad: list[LineError] = []
    # Not splitlines, which counts characters as ends of lines that no editor does.
    for read in read_lines(_text(file).split("\n"), defaults, is_pdq=is_pdq):
        if isinstance(read, LineError):
            bad.append(read)
        elif isinstance(read, Listed):
            listed.append(read)
        else:
            decided.append(read)
    if bad and not skip_bad:
        raise ConfigurationError(f"{file}: {bad[0]} Nothing was imported; --skip-bad leaves such lines out.")
    if listed and not extra_is_installed():
        raise ConfigurationError(f"{file} has PDQs, and nothing was imported: comparing them {NEEDS_EXTRA}.")
    for line in bad:
        sys.stderr.write(f"{file}: {line} Left out.\n")
    return decided, listed, len(bad)


def name_of(file: Path, source: str) -> str:
    """Return what a list is called: as it was said, or as its file.

    Raises ConfigurationError when that is no name, or the file is a device or pipe, such as /dev/stdin.
    """
    from coordinator.ledger.exchange import SOURCE_RULE, is_source

    has_name = not {Path("/dev"), Path("/proc")} & set(file.parents)
    name = source or (file.stem if has_name else "")
    if not is_source(name):
        raise ConfigurationError(f"--source NAME must name the list: {SOURCE_RULE}.")
    return name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not text in UTF-8.") from error
