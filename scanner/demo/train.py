"""Train the demo model on generated pictures, and print how well it does on pictures that it never saw.

    python -m scanner.demo.train              trains, replaces the bundled weights, prints the figures
    python -m scanner.demo.train --evaluate   prints the figures of the bundled weights

Needs the scanner extra. The model protects nobody: it knows coloured shapes and nothing else.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from scanner.demo.figures import THRESHOLD, measure
from scanner.demo.lessons import ORDER_STREAM, Lessons, make_lessons, make_texts
from scanner.models.clip import DEMO, DEMO_WEIGHTS, MEAN, STD, ClipModel, build, tokenizer

SCALE = 20.0
"""Steepness of the loss around the threshold: a cosine similarity 0.1 away from it means a logit of 2."""

POSITIVE_WEIGHT = 3.0
"""Weight of a true caption against a false one; of a frame's captions few are true."""


@dataclass(frozen=True)
class Course:
    """How much to train. The defaults made the bundled weights."""

    pictures: int = 12_000
    epochs: int = 12
    batch: int = 128
    pairs: int = 64
    rate: float = 3e-3
    seed: int = 1
    threads: int = 2


def train(course: Course) -> Any:
    """Train a model from nothing. The same course gives the same weights on the same machine."""
    torch.set_num_threads(course.threads)
    torch.manual_seed(course.seed)
    torch.use_deterministic_algorithms(True)
    model = build(DEMO, "gelu", name=DEMO)
    started = time.monotonic()
    lessons = make_lessons(
        course.pictures, frame_size=model.visual.image_size, seed=course.seed, workers=course.threads
    )
    print(f"drew {course.pictures} pictures in {time.monotonic() - started:.0f} s", flush=True)
    steps = course.pictures // course.batch
    optimiser = torch.optim.AdamW(model.parameters(), lr=course.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, course.rate, total_steps=course.epochs * steps, pct_start=0.15
    )
    rng = np.random.default_rng([course.seed, 0, ORDER_STREAM])
    for epoch in range(course.epochs):
        total = 0.0
        order = rng.permutation(course.pictures)
        for step in range(steps):
            rows = np.sort(order[step * course.batch : (step + 1) * course.batch])
            loss = _loss(model, lessons, rows, course.pairs, rng)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / steps:.4f} after {time.monotonic() - started:.0f} s", flush=True)
    return model.eval()


def save(model: Any, path: Path) -> None:
    """Write the weights in half precision; what counts batches stays an integer."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(state, path)


def _loss(model: Any, lessons: Lessons, rows: NDArray[np.int64], pairs: int, rng: np.random.Generator) -> torch.Tensor:
    shows = lessons.shows[rows]
    texts = make_texts(shows, pairs, rng)
    images = normalize(model.encode_image(_varied(lessons.frames[rows], rng)), dim=-1)
    terms = normalize(model.encode_text(tokenizer(DEMO)(list(texts.captions))), dim=-1)
    logits = SCALE * (images @ terms.T - THRESHOLD)
    truth = torch.from_numpy(texts.truth(shows)).float()
    return binary_cross_entropy_with_logits(logits, truth, pos_weight=torch.tensor(POSITIVE_WEIGHT))


def _varied(frames: NDArray[np.uint8], rng: np.random.Generator) -> torch.Tensor:
    """Turn and mirror the batch, change light and contrast of each frame, and normalise as the scanner does."""
    pixels = torch.from_numpy(np.ascontiguousarray(np.rot90(frames, int(rng.integers(4)), axes=(1, 2)))).float() / 255
    if rng.random() < 0.5:
        pixels = pixels.flip(2)
    light = torch.from_numpy(rng.uniform(0.85, 1.15, size=(len(frames), 1, 1, 3)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-0.06, 0.06, size=(len(frames), 1, 1, 1)).astype(np.float32))
    grain = torch.from_numpy(rng.standard_normal(pixels.shape, dtype=np.float32)) * float(rng.uniform(0, 0.03))
    pixels = (pixels * light + shift + grain).clamp(0, 1)
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((pixels - mean) / std).permute(0, 3, 1, 2).contiguous()


def _say_photographs(model: ClipModel) -> str:
    try:
        from scanner.demo.photographs import PHOTOGRAPHS, flagged_photographs
    except ModuleNotFoundError as error:
        return f"photographs: not looked at, as {error.name} is not installed"
    names = flagged_photographs(model)
    return f"photographs flagged: {len(names)} of {len(PHOTOGRAPHS)} ({', '.join(names) or 'none'})"


def main() -> None:
    """Read the command line, train unless asked only to evaluate, and print the figures."""
    parser = argparse.ArgumentParser(description="Train or measure the demo model.")
    parser.add_argument("--evaluate", action="store_true", help="measure the bundled weights, train nothing")
    parser.add_argument("--pictures", type=int, default=Course.pictures)
    parser.add_argument("--epochs", type=int, default=Course.epochs)
    parser.add_argument("--seed", type=int, default=Course.seed)
    parser.add_argument("--weights", type=Path, default=DEMO_WEIGHTS, help="file to write, or to measure")
    parser.add_argument("--held-out", type=int, default=1000, help="pictures to measure on")
    options = parser.parse_args()
    if not options.evaluate:
        save(train(Course(pictures=options.pictures, epochs=options.epochs, seed=options.seed)), options.weights)
    print(f"{options.weights}: {options.weights.stat().st_size} bytes")
    model = ClipModel.open(DEMO, weights=options.weights, activation="gelu", threads=Course.threads)
    print(f"{measure(model, options.held_out)}, on {model.device}")
    print(_say_photographs(model))


if __name__ == "__main__":
    main()
