"""The CLIP model loads only what fits, and scores within its contract."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file, save_file

from scanner.models import Frames, Model
from scanner.models.clip import (
    DEMO_WEIGHTS,
    MEAN,
    STD,
    ClipModel,
    build,
    find_weights,
    needed_activation,
    require_activation,
    tokenizer,
)
from scanner.models.clip.towers import load_visual
from scanner.models.device import Choice
from scanner.models.errors import (
    ActivationMismatchError,
    ActivationNeededError,
    ModelError,
    ModelUnknownError,
    WeightsMismatchError,
    WeightsUnreadableError,
)
from scanner.notes import Notes
from scanner.photographs import draw_photographs

pytestmark = pytest.mark.torch

TERMS = ("a red disc", "a blue square", "nothing")
open_demo = partial(ClipModel.open, "demo", device="cpu", precision="fp32", threads=2)


@pytest.fixture(scope="module")
def demo() -> ClipModel:
    """The bundled model on the processor in full precision."""
    return open_demo()


def noise(count: int) -> Frames:
    """Frames of the demo model's size, filled with noise."""
    return np.random.default_rng(1).integers(0, 256, size=(count, 64, 64, 3), dtype=np.uint8)


def test_needed_activation_knows_the_tag() -> None:
    """The default model's weights need QuickGELU; weights of the same architecture with another tag do not."""
    assert needed_activation("ViT-L-14", "openai") == "quickgelu"
    assert needed_activation("ViT-L-14", "laion2b_s32b_b82k") == "gelu"
    assert needed_activation("ViT-L-14", "unheard-of") is None


def test_build_gives_the_default_model_its_activation() -> None:
    """The default model's architecture is built with QuickGELU in both towers; no weights are needed to see that."""
    with torch.device("meta"):
        require_activation(build("ViT-L-14", "quickgelu", name="ViT-L-14/openai"), "quickgelu", name="ViT-L-14/openai")


def test_build_refuses_an_architecture_with_the_other_activation() -> None:
    """An architecture that insists on QuickGELU is not given weights that were trained without."""
    with torch.device("meta"), pytest.raises(ActivationMismatchError) as caught:
        build("ViT-L-14-quickgelu", "gelu", name="ViT-L-14-quickgelu/mine")
    assert "need the activation gelu" in str(caught.value)
    assert "built with quickgelu" in str(caught.value)


def test_require_activation_refuses_a_plain_architecture() -> None:
    """What open_clip only warns of is an error: weights that need QuickGELU, architecture without."""
    with torch.device("meta"):
        plain = build("ViT-L-14", "gelu", name="plain")
    with pytest.raises(ActivationMismatchError):
        require_activation(plain, "quickgelu", name="ViT-L-14/openai")


def test_open_refuses_another_activation_than_the_tag_needs(tmp_path: Path) -> None:
    """An activation that contradicts the tag is refused before anything is fetched."""
    with pytest.raises(ActivationMismatchError):
        ClipModel.open("ViT-L-14/openai", activation="gelu", cache=tmp_path)


@pytest.mark.parametrize("name", ["ViT-L-14/unheard-of", "ViT-L-14", "Unheard-of/openai", "demo/openai"])
def test_open_refuses_an_unknown_name(name: str, tmp_path: Path) -> None:
    """A name that stands for nothing is refused before anything is fetched."""
    with pytest.raises(ModelUnknownError):
        ClipModel.open(name, cache=tmp_path)


def test_open_refuses_an_unknown_architecture_for_a_file() -> None:
    """A file of weights does not help when the architecture is unknown."""
    with pytest.raises(ModelUnknownError):
        ClipModel.open("Unheard-of/mine", weights=DEMO_WEIGHTS, activation="gelu")


@pytest.mark.parametrize("environment", [{"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}])
def test_open_says_what_to_do_without_weights(environment: dict[str, str], tmp_path: Path) -> None:
    """Without a cache and a network, one sentence comes within seconds. Port 9 of this machine refuses."""
    program = """if True:
        import time
        from pathlib import Path
        from scanner.models.clip import ClipModel
        from scanner.models.errors import WeightsMissingError
        started = time.monotonic()
        try:
            ClipModel.open("ViT-L-14/openai", cache=Path("."))
        except WeightsMissingError as error:
            print(time.monotonic() - started)
            print(error)
    """
    paths = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": paths, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ended.stderr == ""
    seconds, sentence = ended.stdout.splitlines()
    assert float(seconds) < 10
    assert sentence.startswith(
        "weights of ViT-L-14/openai are not in the cache . (FEDIWARD_CACHE) and could not be fetched ("
    )
    assert sentence.endswith("copy the file here and name it in FEDIWARD_WEIGHTS")


def test_open_looks_into_the_cache_first(tmp_path: Path) -> None:
    """A file that the hub's client cached is used without a network; here it is no weights, and that is said."""
    repository = tmp_path / "models--timm--vit_large_patch14_clip_224.openai"
    snapshot = repository / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    (snapshot / "open_clip_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsUnreadableError) as caught:
        ClipModel.open("ViT-L-14/openai", cache=tmp_path)
    assert caught.value.path == snapshot / "open_clip_model.safetensors"


def test_open_demands_the_activation_of_a_file() -> None:
    """A file of weights does not say what it was trained with, so the admin has to."""
    with pytest.raises(ActivationNeededError):
        open_demo(weights=DEMO_WEIGHTS)


def test_open_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is named in the sentence."""
    with pytest.raises(WeightsUnreadableError, match="there is no such file"):
        open_demo(weights=tmp_path / "none.safetensors", activation="gelu")


def as_safetensors(state: dict[str, torch.Tensor], folder: Path) -> Path:
    """Write weights as safetensors."""
    save_file(state, folder / "weights.safetensors")
    return folder / "weights.safetensors"


def as_checkpoint(state: dict[str, torch.Tensor], folder: Path) -> Path:
    """Write weights as open_clip's training does."""
    wrapped = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 3, "name": "some training", "state_dict": wrapped}, folder / "epoch_3.pt")
    return folder / "epoch_3.pt"


Writer = Callable[[dict[str, torch.Tensor], Path], Path]
writers = pytest.mark.parametrize("write", [as_safetensors, as_checkpoint])


@writers
def test_open_reads_a_file_of_weights(write: Writer, demo: ClipModel, tmp_path: Path) -> None:
    """The same weights from another file give the same scores, under the name that was asked for."""
    path = write(load_file(DEMO_WEIGHTS), tmp_path)
    model = open_demo(weights=path, activation="gelu")
    model.encode_terms(TERMS)
    demo.encode_terms(TERMS)
    np.testing.assert_array_equal(model.score(noise(3)), demo.score(noise(3)))
    assert model.name == "demo"
    assert model.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


@writers
def test_open_refuses_a_truncated_file(write: Writer, tmp_path: Path) -> None:
    """A download that broke off is told apart from weights, in one sentence."""
    path = write(load_file(DEMO_WEIGHTS), tmp_path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(WeightsUnreadableError) as caught:
        open_demo(weights=path, activation="gelu")
    assert "\n" not in str(caught.value)
    assert "fetch or copy the file again" in str(caught.value)


def test_open_refuses_an_empty_file(tmp_path: Path) -> None:
    """An empty file is unreadable too."""
    (tmp_path / "empty.pt").touch()
    with pytest.raises(WeightsUnreadableError):
        open_demo(weights=tmp_path / "empty.pt", activation="gelu")


class Program:
    """Would create a file if a checkpoint were allowed to run it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return open, (str(self.path), "w")


def test_open_runs_nothing_from_a_checkpoint(tmp_path: Path) -> None:
    """A checkpoint with a program in it is refused, and the program does not run."""
    torch.save({"state_dict": Program(tmp_path / "ran")}, tmp_path / "bad.pt")
    with pytest.raises(WeightsUnreadableError):
        open_demo(weights=tmp_path / "bad.pt", activation="gelu")
    assert not (tmp_path / "ran").exists()


def without_projection(state: dict[str, torch.Tensor]) -> None:
    """Leave a tensor out."""
    del state["text_projection"]


def with_another_shape(state: dict[str, torch.Tensor]) -> None:
    """Put a tensor of another architecture in."""
    state["text_projection"] = torch.zeros(3, 5)


def with_another_tensor(state: dict[str, torch.Tensor]) -> None:
    """Add a tensor that the architecture lacks."""
    state["visual.proj"] = torch.zeros(3, 5)


@pytest.mark.parametrize("spoil", [without_projection, with_another_shape, with_another_tensor])
def test_open_refuses_weights_of_another_architecture(
    spoil: Callable[[dict[str, torch.Tensor]], None], tmp_path: Path
) -> None:
    """Weights have to fit the architecture tensor by tensor; nothing is resized or left at random."""
    state = load_file(DEMO_WEIGHTS)
    spoil(state)
    with pytest.raises(WeightsMismatchError) as caught:
        open_demo(weights=as_safetensors(state, tmp_path), activation="gelu")
    assert "do not fit demo" in str(caught.value)
    assert isinstance(caught.value, ModelError)


def test_demo_is_a_model(demo: ClipModel) -> None:
    """The bundled model says what it is: name, size of frames, fingerprint of its file, device."""
    model: Model = demo
    assert (model.name, model.frame_size, model.device_asked) == ("demo", 64, "cpu")
    assert model.device == "cpu (fp32, 2 threads)"
    assert model.fingerprint == hashlib.sha256(DEMO_WEIGHTS.read_bytes()).hexdigest()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_open_says_why_it_is_on_the_processor() -> None:
    """A device that is not there gives the processor, and the words say why."""
    model = ClipModel.open("demo", device="cuda", precision="fp32", threads=2)
    assert model.device == "cpu (fp32, 2 threads): asked for cuda, but torch finds no CUDA device"
    assert model.device_asked == "cuda"


def test_score_keeps_to_its_contract(demo: ClipModel) -> None:
    """Scores are float32 within [-1, 1], a row a frame and a column a term, also for frames without contrast."""
    demo.encode_terms(TERMS)
    frames = np.concatenate([noise(2), np.zeros((1, 64, 64, 3), np.uint8), np.full((1, 64, 64, 3), 255, np.uint8)])
    scores = demo.score(frames)
    assert scores.shape == (4, 3)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() <= 1


def test_score_reads_frames_that_must_not_change(demo: ClipModel) -> None:
    """Frames over received bytes are read-only; that is neither an error nor a warning."""
    demo.encode_terms(TERMS)
    frames = np.frombuffer(noise(2).tobytes(), dtype=np.uint8).reshape(2, 64, 64, 3)
    np.testing.assert_array_equal(demo.score(frames), demo.score(noise(2)))


def test_score_does_not_depend_on_the_batch(demo: ClipModel) -> None:
    """A frame scores the same alone and among others."""
    demo.encode_terms(TERMS)
    frames = noise(5)
    np.testing.assert_allclose(demo.score(frames)[3:4], demo.score(frames[3:4]), atol=1e-5)


def test_score_without_terms_is_refused() -> None:
    """There is nothing to compare with before terms are encoded."""
    with pytest.raises(RuntimeError, match="before encode_terms"):
        open_demo().score(noise(1))


def test_encode_terms_keeps_their_order_and_replaces_earlier_ones(demo: ClipModel) -> None:
    """More terms than are encoded at once come back in order; other terms may be sent later."""
    many = [f"{number} shapes" for number in range(100)]
    demo.encode_terms(many)
    scores = demo.score(noise(2))
    assert scores.shape == (2, 100)
    demo.encode_terms(many[::-1])
    np.testing.assert_allclose(demo.score(noise(2)), scores[:, ::-1], atol=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_score_in_half_precision_is_close(precision: str, demo: ClipModel) -> None:
    """Half precision moves scores by less than the thresholds stand away from what they divide."""
    model = ClipModel.open("demo", device="cpu", precision=precision, threads=2)
    model.encode_terms(TERMS)
    demo.encode_terms(TERMS)
    np.testing.assert_allclose(model.score(noise(8)), demo.score(noise(8)), atol=0.05)


def test_terms_are_encoded_once(tmp_path: Path) -> None:
    """Embeddings of terms are noted, without the terms, and give the same scores at the next start."""
    first, second = (open_demo(notes=Notes(tmp_path)) for _ in range(2))
    first.encode_terms(TERMS)
    (note,) = tmp_path.glob("terms-*.json")
    assert TERMS[0] not in note.read_text()
    written_ns = note.stat().st_mtime_ns
    second.encode_terms(TERMS)
    assert note.stat().st_mtime_ns == written_ns
    np.testing.assert_array_equal(first.score(noise(2)), second.score(noise(2)))
    second.encode_terms(TERMS[:2])
    assert len(list(tmp_path.glob("terms-*.json"))) == 2


def test_reference_is_computed_once(tmp_path: Path, demo: ClipModel) -> None:
    """What fp32 on the processor gives for some frames is noted, and is what this device gives."""
    first, second = (open_demo(notes=Notes(tmp_path)) for _ in range(2))
    for model in (first, second):
        model.encode_terms(TERMS)
    demo.encode_terms(TERMS)
    found, again = first.reference(noise(3)), second.reference(noise(3))
    assert len(list(tmp_path.glob("reference-*.json"))) == 1
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(found[0], demo.embed(noise(3)), atol=1e-5)
    np.testing.assert_allclose(found[1], demo.score(noise(3)), atol=1e-5)


def test_start_scores_the_frames_of_all_pieces(demo: ClipModel) -> None:
    """Frames of several scans are scored together, in their order."""
    demo.encode_terms(TERMS)
    frames = noise(5)
    finish = demo.start([frames[:2], frames[2:3], frames[3:]])
    np.testing.assert_array_equal(finish(), demo.score(frames))


def test_retreat_from_a_precision_that_was_chosen_for_the_admin() -> None:
    """Where the precision was left to us, fp32 takes its place, and the words say so; it is the last."""
    found = find_weights("demo")
    model = ClipModel("demo", found, Choice("cpu", "cpu", "bf16"), auto=True)
    model.encode_terms(TERMS)
    assert model.retreat()
    assert model.device.startswith("cpu (fp32")
    assert model.device.endswith("bf16 was not precise enough")
    exact = open_demo()
    exact.encode_terms(TERMS)
    np.testing.assert_array_equal(model.score(noise(3)), exact.score(noise(3)))
    assert not model.retreat()


def test_retreat_leaves_a_precision_that_was_asked_for() -> None:
    """What the admin asked for is not changed behind his back."""
    model = ClipModel.open("demo", device="cpu", precision="bf16", threads=2)
    assert not model.retreat()
    assert "bf16" in model.device


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights of a small architecture with QuickGELU."""
    torch.manual_seed(1)
    clip = build("ViT-S-32-alt", "quickgelu", name="random")
    path: Path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file({name: value.contiguous() for name, value in clip.state_dict().items()}, path)
    return path


def test_towers_compute_what_open_clip_computes(random_weights: Path) -> None:
    """Loading each tower by itself, and joining QuickGELU with its neighbours, changes nothing but rounding."""
    clip = build("ViT-S-32-alt", "quickgelu", name="random")
    clip.load_state_dict(load_file(random_weights))
    clip.eval()
    frames = np.random.default_rng(1).integers(0, 256, size=(3, 224, 224, 3), dtype=np.uint8)
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    with torch.inference_mode():
        images = clip.encode_image((pixels - mean) / std, normalize=True)
        terms = clip.encode_text(tokenizer("ViT-S-32-alt")(list(TERMS)), normalize=True)
    model = ClipModel.open(
        "ViT-S-32-alt/random", weights=random_weights, activation="quickgelu", device="cpu", precision="fp32"
    )
    model.encode_terms(TERMS)
    np.testing.assert_allclose(model.embed(frames), images, atol=2e-6)
    np.testing.assert_allclose(model.score(frames), images @ terms.T, atol=2e-6)


def test_cached_weights_need_no_hub(random_weights: Path, tmp_path: Path) -> None:
    """With the weights in the cache nothing is asked of the hub, though nothing forbids it: no socket is made."""
    repository = tmp_path / "models--timm--vit_base_patch32_clip_224.openai"
    snapshot = repository / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    (snapshot / "open_clip_model.safetensors").symlink_to(random_weights)
    program = """if True:
        import socket
        from pathlib import Path
        from scanner.models.clip import ClipModel
        from scanner.models.errors import WeightsMismatchError

        def refuse(*arguments, **options):
            raise AssertionError("a connection")

        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
        try:
            ClipModel.open("ViT-B-32/openai", cache=Path("."))
        except WeightsMismatchError as error:
            print(error)
    """
    paths = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": paths},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ended.stderr == ""
    assert ended.stdout.startswith("weights models--timm--vit_base_patch32_clip_224.openai/snapshots/0123/")
    assert "do not fit ViT-B-32" in ended.stdout


def test_half_precision_adds_up_in_full(random_weights: Path) -> None:
    """In bf16 the sum that all layers add to is kept in fp32, which brings the tower closer than open_clip's own."""
    frames = draw_photographs(4, 224, seed=2)
    open_random = partial(
        ClipModel.open, "ViT-S-32-alt/random", weights=random_weights, activation="quickgelu", device="cpu"
    )
    right = open_random(precision="fp32").embed(frames)
    ours = 1 - (open_random(precision="bf16").embed(frames) * right).sum(axis=1)
    tower, _ = load_visual(
        find_weights("ViT-S-32-alt/random", path=random_weights, activation="quickgelu"),
        "random",
        device=torch.device("cpu"),
        precision=torch.bfloat16,
        as_built=True,
    )
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    pixels = (torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255 - mean) / std
    with torch.inference_mode():
        built = torch.nn.functional.normalize(tower(pixels.bfloat16()).float(), dim=-1).numpy()
    theirs = 1 - (built * right).sum(axis=1)
    assert 0 < ours.mean() < 0.7 * theirs.mean()
