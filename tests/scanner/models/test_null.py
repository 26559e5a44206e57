"""The model that looks at nothing."""

from __future__ import annotations

import time

import numpy as np

from scanner.models import Model
from scanner.models.null import NullModel


def test_scores_are_cosines_that_differ_by_frame() -> None:
    """Scores have the shape that was asked for, lie within [-1, 1], and say which frame was which."""
    model: Model = NullModel()
    model.encode_terms(["one", "two", "three"])
    frames = np.stack([np.full((224, 224, 3), light, np.uint8) for light in (0, 51, 255)])
    scores = model.score(frames)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, np.repeat([[0.1], [0.14], [0.3]], 3, axis=1), atol=1e-6)


def test_scores_repeat() -> None:
    """The same frames get the same scores."""
    model = NullModel()
    model.encode_terms(["one"])
    frames = np.arange(2 * 224 * 224 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 224, 224, 3)
    np.testing.assert_array_equal(model.score(frames), model.score(frames))


def test_pretended_work_takes_its_time() -> None:
    """A benchmark may ask for a scanner of a given speed."""
    model = NullModel(ms_per_frame=20)
    model.encode_terms(["one"])
    began_s = time.monotonic()
    model.score(np.zeros((3, 224, 224, 3), np.uint8))
    assert time.monotonic() - began_s >= 0.06


def test_fingerprint_is_a_digest() -> None:
    """The null model's weights are always the same nothing."""
    assert NullModel.fingerprint == NullModel().fingerprint
    assert len(NullModel.fingerprint) == 64
