"""A CLIP model behind the contract of `scanner.models`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch.nn.functional import normalize

from scanner.models import Embeddings, Frames, Scores
from scanner.models.clip.architecture import DEMO, Activation, side_of, tokenizer
from scanner.models.clip.hardware import describe, give_back_memory, guarded, machine
from scanner.models.clip.int8 import round_products
from scanner.models.clip.tensors import digest
from scanner.models.clip.towers import load_text, load_visual
from scanner.models.clip.weights import Weights, find_weights
from scanner.models.device import Choice, choose
from scanner.notes import Notes

TERMS_AT_ONCE = 64
REFERENCE_FRAMES_AT_ONCE = 4

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "int8": torch.float32}
"""What frames are given to the tower in."""


class ClipModel:
    """A CLIP model that is ready to score. Make one with `open`; call its methods from one thread."""

    def __init__(self, name: str, weights: Weights, choice: Choice, *, auto: bool, notes: Notes | None = None) -> None:
        self.name = name
        self.fingerprint = digest(weights.path)
        self.software = f"torch {torch.__version__}, open_clip {open_clip.__version__}"
        self.device_asked = choice.asked
        self.overlaps = choice.kind == "cuda"
        self._weights = weights
        self._notes = notes
        self._auto = auto
        self._terms: torch.Tensor | None = None
        self._device = torch.device(choice.kind)
        self._mean = torch.tensor(weights.mean, device=self._device).view(1, 3, 1, 1)
        self._std = torch.tensor(weights.std, device=self._device).view(1, 3, 1, 1)
        self._load(choice)

    def _load(self, choice: Choice) -> None:
        """Bring the image tower to the device, in the precision of the choice."""
        self._choice = choice
        self._precision = PRECISIONS[choice.precision]
        self.device = choice.words(describe(choice))
        self._visual, skeleton = load_visual(self._weights, self.name, device=self._device, precision=self._precision)
        if choice.precision == "int8":
            round_products(self._visual, self.name)
            give_back_memory()
        self.frame_size = side_of(skeleton)

    @classmethod
    def open(
        cls,
        name: str,
        *,
        weights: Path | None = None,
        architecture: str | None = None,
        activation: Activation | None = None,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        cache: Path | None = None,
        notes: Notes | None = None,
    ) -> ClipModel:
        """Load the model called `demo` or `ARCHITECTURE/TAG`; takes seconds, and minutes when weights are fetched.

        `weights` names a file (safetensors, or a checkpoint of open_clip) to use instead of the tag's, and demands
        the `activation`. `architecture` replaces the name's left side. `device` is auto, cpu, cuda or mps;
        `precision` auto, fp32, fp16, bf16 or int8; `threads` bounds the processor threads of one operation; `cache` is
        the folder for fetched weights; `notes` keeps embeddings from one start to the next. Raises ModelError (see
        `scanner.models.errors`), and ValueError for a device or precision that is none of those.
        """
        if name == DEMO and precision == "auto":
            # So small that it gains nothing from less.
            precision = "fp32"
        choice = choose(device, precision, machine())
        if threads is not None:
            torch.set_num_threads(threads)
        found = find_weights(name, path=weights, architecture=architecture, activation=activation, cache=cache)
        return guarded(lambda: cls(name, found, choice, auto=precision == "auto", notes=notes))

    @property
    def precision(self) -> str:
        """Name of the precision in use: fp32, fp16, bf16 or int8."""
        return self._choice.precision

    def retreat(self) -> bool:
        """Read the image tower again, to compute in fp32, if the precision was chosen here and is another."""
        if not self._auto or self._choice.precision == "fp32":
            return False
        guarded(partial(self._load, self._choice.more_precise()))
        return True

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Compute the embeddings of bare terms, without a template around them, on the processor in fp32.

        The text tower is read from the file of weights for it, and dropped again, unless the notes have the
        embeddings of these terms already.
        """
        key = self._key(terms=sha256("\0".join(terms).encode()).hexdigest())
        rows = self._recall("terms", key, count=len(terms))
        if rows is None:
            rows = guarded(partial(self._encode, terms))
            give_back_memory()
            self._keep("terms", key, rows)
        self._terms = torch.from_numpy(rows).to(self._device)

    def embed(self, frames: Frames) -> Embeddings:
        """Compute embeddings of frames, uint8 of shape (n, size, size, 3): float32, each of length 1."""
        return guarded(lambda: self._embed([frames]).cpu().numpy())

    def score(self, frames: Frames) -> Scores:
        """Compare frames, uint8 of shape (n, size, size, 3), with the terms. Gives float32 of shape (n, terms)."""
        return self.start([frames])()

    def start(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        """Begin to score the frames of all pieces. Call what comes back for the scores: a row a frame, in order.

        A CUDA device has then been told everything and computes by itself; any other computes when called.
        """
        if self._terms is None:
            raise RuntimeError("score before encode_terms: there is nothing to compare the frames with")
        if not self.overlaps:
            return partial(guarded, lambda: self._compare(pieces).cpu().numpy())
        return guarded(partial(self._start_ahead, pieces))

    def reference(self, frames: Frames) -> tuple[Embeddings, Scores]:
        """Give embeddings and scores of frames as fp32 on the processor computes them, to compare this device with.

        The tower is read from the file of weights for it, and dropped again, unless the notes have the embeddings.
        """
        if self._terms is None:
            raise RuntimeError("reference before encode_terms: there is nothing to compare the frames with")
        key = self._key(frames=sha256(np.ascontiguousarray(frames).tobytes()).hexdigest())
        rows = self._recall("reference", key, count=len(frames))
        if rows is None:
            rows = guarded(partial(self._refer, frames))
            give_back_memory()
            self._keep("reference", key, rows)
        return rows, rows @ self._terms.cpu().numpy().T

    def __repr__(self) -> str:
        terms = 0 if self._terms is None else len(self._terms)
        return f"<ClipModel {self.name} on {self.device}, frames of {self.frame_size}, {terms} terms>"

    @torch.inference_mode()
    def _encode(self, terms: Sequence[str]) -> Embeddings:
        text = load_text(self._weights, self.name)
        tokens = tokenizer(self._weights.architecture)
        rows = [
            normalize(text.encode_text(tokens(list(terms[start : start + TERMS_AT_ONCE]))).float(), dim=-1)
            for start in range(0, len(terms), TERMS_AT_ONCE)
        ]
        return torch.cat(rows).numpy()

    @torch.inference_mode()
    def _refer(self, frames: Frames) -> Embeddings:
        cpu = torch.device("cpu")
        visual, _ = load_visual(self._weights, self.name, device=cpu, precision=torch.float32, as_built=True)
        rows = []
        for start in range(0, len(frames), REFERENCE_FRAMES_AT_ONCE):
            pixels = torch.from_numpy(frames[start : start + REFERENCE_FRAMES_AT_ONCE]).permute(0, 3, 1, 2)
            rows.append(normalize(visual((pixels.float() / 255 - self._mean.cpu()) / self._std.cpu()), dim=-1))
        return torch.cat(rows).numpy()

    @torch.inference_mode()
    def _compare(self, pieces: Sequence[Frames]) -> torch.Tensor:
        assert self._terms is not None
        return (self._embed(pieces) @ self._terms.T).clamp(-1, 1)

    @torch.inference_mode()
    def _embed(self, pieces: Sequence[Frames]) -> torch.Tensor:
        pixels = self._carry(pieces).permute(0, 3, 1, 2).float() / 255
        return normalize(self._visual(((pixels - self._mean) / self._std).to(self._precision)).float(), dim=-1)

    def _carry(self, pieces: Sequence[Frames]) -> torch.Tensor:
        """Bring frames to the device as bytes, a quarter of what floats would take."""
        if self.overlaps:
            shape = (sum(map(len, pieces)), *pieces[0].shape[1:])
            # torch reuses pinned memory only after the copy that it was last used for.
            pinned = torch.empty(shape, dtype=torch.uint8, pin_memory=True)
            np.concatenate(pieces, out=pinned.numpy())
            return pinned.to(self._device, non_blocking=True)
        frames = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        # Frames lie over received bytes, which are read-only; torch wants memory that it might write to.
        return torch.from_numpy(np.require(frames, requirements=["C", "W"])).to(self._device)

    @torch.inference_mode()
    def _start_ahead(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        scores = self._compare(pieces)
        landed = torch.empty(scores.shape, dtype=scores.dtype, pin_memory=True)
        landed.copy_(scores, non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        done.record()

        def finish() -> Scores:
            guarded(done.synchronize)
            # A copy, because the pinned memory is used again.
            return landed.numpy().copy()

        return finish

    def _key(self, **parts: str) -> dict[str, str]:
        return {"weights": self.fingerprint, "software": self.software, **parts}

    def _recall(self, kind: str, key: dict[str, str], *, count: int) -> Embeddings | None:
        rows = None if self._notes is None else self._notes.read_rows(kind, key)
        return rows if rows is not None and len(rows) == count else None

    def _keep(self, kind: str, key: dict[str, str], rows: Embeddings) -> None:
        if self._notes is not None:
            self._notes.write_rows(kind, key, rows)
