"""Put together the hostile corpus: what is crafted first, then mutations, each from its own random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.fuzz.crafted import crafted
from tests.fuzz.mutations import MUTATIONS
from tests.fuzz.samples import samples


def corpus(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` hostile files with their names; a name and the seed say all that is needed to make one again."""
    yield from list(crafted().items())[:count]
    for number in range(len(crafted()), count):
        yield mutated(number, seed)


def mutated(number: int, seed: int) -> tuple[str, bytes]:
    """Return one mutation: the same for the same numbers."""
    random = Random(f"{seed}/{number}")
    names = list(samples())
    name = names[number % len(names)]
    body, other = samples()[name], samples()[random.choice(names)]
    applied = []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        mutation = random.choice(MUTATIONS)
        applied.append(mutation.__name__)
        body = mutation(random, body, other) or b"\x00"
    return f"{number} {name}: {', '.join(applied)}", body
