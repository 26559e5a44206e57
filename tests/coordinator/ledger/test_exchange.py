"""Lists of decisions as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.exchange import Defaults, LineError, read_lines, write_lines
from coordinator.ledger.likenesses import Listed
from coordinator.ledger.times import from_seconds, to_seconds
from coordinator.media.looks import Likeness
from tests.coordinator.ledger.making import START, sha

DEFAULTS = Defaults(who="admin", at=START)


def test_exchange_plain_list_blocks() -> None:
    """A hash on a line blocks, in either case of letters; comments, empty lines and a byte order mark mean nothing."""
    lines = [f"\ufeff{sha(1).upper()}", "", "# a comment", f"  {sha(2)}  "]
    assert list(read_lines(lines, replace(DEFAULTS, source="list"))) == [
        Decided(sha(1), Decision.BLOCK, "admin", START, source="list"),
        Decided(sha(2), Decision.BLOCK, "admin", START, source="list"),
    ]


def test_exchange_decision_and_note_may_follow() -> None:
    """Without a header, a line may say what is decided, and why."""
    (read,) = read_lines([f'{sha(1)},Allow,"a tree, not a face"'], DEFAULTS)
    assert read == Decided(sha(1), Decision.ALLOW, "admin", START, note="a tree, not a face")


def test_exchange_what_is_written_is_read() -> None:
    """What was exported is imported as it was, but for line breaks in notes."""
    decided = [
        Decided(sha(1), Decision.ALLOW, "ann", START, note='says "fine",\nand more'),
        Decided(sha(2), Decision.BLOCK, "bob", START, source="list"),
    ]
    read = list(read_lines(write_lines(decided), DEFAULTS))
    assert read == [replace(decided[0], note='says "fine", and more'), decided[1]]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no hash", "Line 3 has no SHA-256 in hex, 64 digits."),
        (sha(1)[:-1], "Line 3 has no SHA-256 in hex, 64 digits."),
        (f"{sha(1)},maybe", "Line 3 says neither allow nor block."),
        (",allow", "Line 3 has no SHA-256 in hex, 64 digits."),
    ],
)
def test_exchange_wrong_line_is_named_by_its_number(line: str, fault: str) -> None:
    """A wrong line is named by its number in the file; those around it are read."""
    first, wrong, last = read_lines([sha(1), "# comment", line, sha(2)], DEFAULTS)
    assert isinstance(first, Decided)
    assert isinstance(last, Decided)
    assert isinstance(wrong, LineError)
    assert str(wrong) == fault


def test_exchange_lines_without_a_source_have_the_lists() -> None:
    """A list without a column of sources has the name that it came under; one with the column says it itself."""
    named = replace(DEFAULTS, name="list")
    sources = [
        read.source
        for lines in ([sha(1)], ["pdq,note", f"{sha(1)},"], ["sha256,source", f"{sha(1)},friends", f"{sha(1)},"])
        for read in read_lines(lines, named)
        if not isinstance(read, LineError)
    ]
    assert sources == ["list", "list", "friends", ""]


@pytest.mark.parametrize("source", ["x" * 101, "a\x1b[31mlist", "a\tlist"], ids=["long", "escape", "tab"])
def test_exchange_wrong_source(source: str) -> None:
    """A source that no log line could show is a fault of its line, unless the whole list is given another name."""
    lines = ["sha256,source", f"{sha(1)},{source}"]
    (wrong,) = read_lines(lines, DEFAULTS)
    assert str(wrong) == "Line 2 has a source that is no name: at most 100 printable characters."
    (read,) = read_lines(lines, replace(DEFAULTS, source="friends"))
    assert isinstance(read, Decided)


@pytest.mark.parametrize(
    ("time", "fault"),
    [
        ("yesterday", "is not ISO 8601"),
        ("9999-W52-7", "is not ISO 8601"),
        ("0001-01-01T00:00+14:00", "is outside of the years 1 to 9999, UTC"),
        ("9999-12-31T23:59:59-14:00", "is outside of the years 1 to 9999, UTC"),
        ("9999-12-31T23:59:59.999999Z", "is outside of the years 1 to 9999, UTC"),
    ],
)
def test_exchange_wrong_time(time: str, fault: str) -> None:
    """A time that is none, or that the ledger could not read again, is a fault of its line."""
    (wrong,) = read_lines(["sha256,at", f"{sha(1)},{time}"], DEFAULTS)
    assert str(wrong) == f"Line 2 has a time that {fault}."


@pytest.mark.parametrize("time", ["0001-01-01T14:00+14:00", "9999-12-31T09:59:59-14:00", "9999-12-31T23:59:59.5"])
def test_exchange_times_at_the_ends_are_kept(time: str) -> None:
    """The first and the last time that there is come back from what is stored."""
    (read,) = read_lines(["sha256,at", f"{sha(1)},{time}"], DEFAULTS)
    assert isinstance(read, Decided)
    assert from_seconds(to_seconds(read.at)).year in (1, 9999)


@pytest.mark.parametrize("cell", ["x" * 131_073, '"' + "x" * 131_073 + '"', f"{sha(1)},block," + "x" * 200_000])
@pytest.mark.parametrize("header", [["sha256,decision,note"], []], ids=["header", "plain"])
def test_exchange_cell_that_is_too_long(header: list[str], cell: str) -> None:
    """A cell that is longer than CSV allows is a fault of its line, also where a header could be."""
    number = len(header) + 1
    wrong, last = read_lines([*header, cell, sha(2)], DEFAULTS)
    assert str(wrong) == f"Line {number} is no line of CSV, whose cells have at most 131,072 characters."
    assert isinstance(last, Decided)


@pytest.mark.parametrize(
    "line",
    [
        '"',
        ",block",
        '""",,',
        "\0",
        f"{sha(1)}\0",
        f"{sha(1)},\0",
        f"{sha(1)},allow\rblock",
        "," * 100_000,
        f"{sha(1)},block,,\x85,\u2028",
        f"{sha(1)[:-1]}\N{ARABIC-INDIC DIGIT THREE}",
        "\ufeff\ufeff",
    ],
)
def test_exchange_nonsense_is_a_fault_of_its_line(line: str) -> None:
    """Whatever a line holds, those after it are read."""
    *_, last = read_lines([f"# {line}", line, sha(2)], DEFAULTS)
    assert last == Decided(sha(2), Decision.BLOCK, "admin", START)


def test_exchange_pdqs() -> None:
    """PDQs are told by their column, or by whoever imports a plain list; a line with both hashes is both."""
    plain = list(read_lines([sha(1), f"{sha(2)},block,a cat"], DEFAULTS, is_pdq=True))
    one, two = (Listed(Likeness(bytes.fromhex(sha(number)), 100), "admin", START) for number in (1, 2))
    assert plain == [one, replace(two, note="a cat")]
    lines = ["source,pdq,quality,sha256", f"friends,{sha(1).upper()},70,", f",{sha(2)},,{sha(3)}", f",,,{sha(4)}"]
    assert list(read_lines(lines, DEFAULTS)) == [
        Listed(Likeness(bytes.fromhex(sha(1)), 70), "admin", START, source="friends"),
        Decided(sha(3), Decision.BLOCK, "admin", START),
        two,
        Decided(sha(4), Decision.BLOCK, "admin", START),
    ]


def test_exchange_pdqs_that_are_written_are_read() -> None:
    """What was exported is imported as it was."""
    listed = Listed(Likeness(bytes.fromhex(sha(1)), 70), "ann", START, note="a cat", source="list")
    decided = Decided(sha(2), Decision.ALLOW, "bob", START)
    assert list(read_lines(write_lines([listed, decided]), DEFAULTS)) == [listed, decided]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f"{sha(1)[:-1]},,", "Line 2 has no PDQ in hex, 64 digits."),
        (",,", "Line 2 has no PDQ in hex, 64 digits."),
        (f"{sha(1)},allow,", "Line 2 allows a PDQ, by which pictures can only be blocked."),
        (f"{sha(1)},,101", "Line 2 has a quality that is not a number from 0 to 100."),
        (f"{sha(1)},,good", "Line 2 has a quality that is not a number from 0 to 100."),
        (f"{sha(1)},,{'1' * 4301}", "Line 2 has a quality that is not a number from 0 to 100."),
        (f"{sha(1)},,\N{SUPERSCRIPT TWO}", "Line 2 has a quality that is not a number from 0 to 100."),
    ],
)
def test_exchange_wrong_pdq(line: str, fault: str) -> None:
    """A wrong line of PDQs is named by its number and says what is wrong."""
    (wrong,) = read_lines(["pdq,decision,quality", line], DEFAULTS)
    assert str(wrong) == fault
