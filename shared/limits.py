"""Bounds that both sides hold each other to."""

from __future__ import annotations

SUBPROTOCOL = "fediward.1"
SCANNERS_PATH = "/api/v1/scanners"
REHEARSAL = "rehearsal"
"""In the query of that path: answer a hello, and change nothing."""

KIB = 1024
MIB = 1024 * KIB

MAX_FRAMES = 16
"""Frames of one scan."""

MIN_FRAME_SIZE, MAX_FRAME_SIZE = 16, 512
"""Side of a frame in pixels."""

MAX_TERMS = 4096
MAX_TERM_CHARACTERS = 200
MAX_CAPACITY_FRAMES = 4096
MAX_MODELS = 16
MAX_NAME_CHARACTERS = 100
MAX_TEXT_CHARACTERS = 500

MAX_MESSAGE_BYTES = 1 * MIB
"""Largest message in either direction: a frame of 512 px is 768 KiB, 16 frames with 4,096 terms give 256 KiB of scores,
4,096 terms of 200 characters may reach 0.8 MiB."""

HELLO_TIMEOUT_S = 10.0
"""Time for a scanner to say hello after its connection was accepted, and for the coordinator to welcome it."""

LOAD_INTERVAL_S = 2.0
"""Time between two load messages of a scanner."""

PING_INTERVAL_S = 10.0
PING_TIMEOUT_S = 15.0
"""A peer that says nothing any more, not even to pings, is gone within 25 s."""

RETRY_FIRST_S, RETRY_LONGEST_S = 0.2, 15.0
"""Bounds of a scanner's full-jitter back-off."""
