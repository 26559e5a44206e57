"""Reading policies: bundled ones by name, an admin's by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.judge.errors import PolicyError
from coordinator.judge.loader import bundled_policies, load_policy
from tests.coordinator.judge.golden import golden_vectors

SHAPES = """
name = "shapes"
model = "demo"
rule = "every-part"
[parts]
disc = "red disc"
square = "blue square"
[thresholds.disc]
"a red disc" = 0.3
[thresholds.square]
"a blue square" = 0.2
"a blue box" = 0.25
"""


def written(folder: Path, text: str) -> str:
    """Write a policy file and return its path."""
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(("name", "terms"), [("demo", 2), ("fedi-safety-2023", 22), ("fedi-safety-2024", 233)])
def test_load_policy_bundled(name: str, terms: int) -> None:
    """Every bundled policy loads, by its own name, with all of its terms."""
    policy = load_policy(name)
    assert (policy.name, len(policy.terms)) == (name, terms)
    assert name in bundled_policies()


def test_load_policy_file(tmp_path: Path) -> None:
    """A file stands alone when it is complete."""
    policy = load_policy(written(tmp_path, SHAPES))
    assert policy.name == "shapes"
    assert policy.terms == ("a red disc", "a blue square", "a blue box")
    assert policy.judge([0.31, 0.1, 0.26]).flagged


def test_load_policy_extends(tmp_path: Path) -> None:
    """A file that extends changes what it says, keeps the rest, and is named after the file."""
    base = load_policy("demo")
    text = 'extends = "demo"\n[parts]\ndisc = "round"\n[thresholds.disc]\n"a red disc" = 0.5\n"a red ball" = 0.4\n'
    policy = load_policy(written(tmp_path, text))
    assert (policy.name, policy.model, policy.definition.rule) == ("mine", base.model, base.definition.rule)
    assert dict(policy.parts) == {"disc": "round", "square": "blue square"}
    assert policy.terms == ("a red disc", "a red ball", "a blue square")
    assert not policy.judge([0.45, 0.39, 0.9]).flagged
    assert policy.judge([0.45, 0.41, 0.9]).flagged


def test_load_policy_extends_parameters(tmp_path: Path) -> None:
    """A parameter is replaced as a whole, beside the name and the model that the file gives."""
    text = 'extends = "fedi-safety-2023"\nname = "gentler"\nmodel = "mine"\n[parameters]\nminor_points_needed = 99\n'
    policy = load_policy(written(tmp_path, text))
    assert (policy.name, policy.model) == ("gentler", "mine")
    assert not any(policy.judge(vector.frame(policy)).flagged for vector in golden_vectors())


def test_load_policy_frame_size(tmp_path: Path) -> None:
    """Frames have 224 pixels a side unless the file says otherwise, and one that extends may say so too."""
    assert load_policy("fedi-safety-2024").frame_size == 224
    assert load_policy(written(tmp_path, "frame_size = 64\n" + SHAPES)).frame_size == 64
    assert load_policy(written(tmp_path, 'extends = "fedi-safety-2024"\nframe_size = 336\n')).frame_size == 336


def test_load_policy_extends_nothing(tmp_path: Path) -> None:
    """A file that extends and changes nothing judges alike, and so has the same fingerprint."""
    policy = load_policy(written(tmp_path, 'extends = "fedi-safety-2024"\n'))
    assert policy.fingerprint == load_policy("fedi-safety-2024").fingerprint


def test_load_policy_fingerprint_of_strictness() -> None:
    """Strictness changes the fingerprint, unless it is nought."""
    plain = load_policy("demo").fingerprint
    assert load_policy("demo", strictness={"disc": 0.0}).fingerprint == plain
    assert load_policy("demo", strictness={"disc": 0.01}).fingerprint != plain


@pytest.mark.parametrize(
    ("strictness", "fault"),
    [
        (
            {"ring": 0.1},
            "strictness is given for 'ring', but only subject, explicit, minor can be more or less strict.",
        ),
        (
            {"anime": 0.1},
            "strictness is given for 'anime', but only subject, explicit, minor can be more or less strict.",
        ),
        ({"minor": 0.3}, "strictness: minor is +0.3, which is not within ±0.2."),
    ],
)
def test_load_policy_wrong_strictness(strictness: dict[str, float], fault: str) -> None:
    """Strictness for a part that is not there or chooses between tables, or beyond its bounds, is refused."""
    with pytest.raises(PolicyError) as caught:
        load_policy("fedi-safety-2024", strictness=strictness)
    assert str(caught.value) == f"policy fedi-safety-2024: {fault}"


def test_load_policy_unknown_name() -> None:
    """A name that is not bundled is refused with those that are, and never becomes a path."""
    for name in ("nothing", "../demo", ""):
        with pytest.raises(PolicyError, match=f"^policy {name} does not exist; there are demo, fedi-safety-2023, "):
            load_policy(name)


def test_load_policy_unreadable_file(tmp_path: Path) -> None:
    """A path that leads nowhere, to a folder, or to other bytes than text is refused with the reason."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"name = \xff")
    reasons = {
        "none": "cannot be read: No such file",
        "folder": "cannot be read: Is a dir",
        "bytes": "is not UTF-8 at byte 7",
    }
    for stem, reason in reasons.items():
        path = str(tmp_path / f"{stem}.toml")
        with pytest.raises(PolicyError) as caught:
            load_policy(path)
        assert str(caught.value).startswith(f"{path} {reason}")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('rule = "every-part"', "rule", " is not TOML: "),
        ('"a blue box"', '"a blue square"', " is not TOML: "),
        ('model = "demo"\n', "", ": model is missing"),
        ('name = "shapes"', 'name = "two words"', ": name is wrong: string should match"),
        ('rule = "every-part"', 'rule = "none"', ": rule is 'none', which is none of every-part, "),
        ('rule = "every-part"', 'rule = "fedi-safety-2023"', ": parts are disc, square, where the rule "),
        ('rule = "every-part"', 'rule = "every-part"\ncolour = 1', ": colour is not known here."),
        ('rule = "every-part"', 'rule = "every-part"\nparts = 1', " is not TOML: "),
        (
            'rule = "every-part"',
            'rule = "every-part"\nframe_size = 8',
            ": frame_size is wrong: input should be greater ",
        ),
        ("[thresholds.square]", "[thresholds.ring]", ": thresholds are disc, ring, where the rule "),
        ("= 0.25", "= 1.25", ": thresholds.square, entry 2, is wrong: input should be less than or equal to 1."),
        ("= 0.25", "= -1.25", ": thresholds.square, entry 2, is wrong: input should be greater than or equal to -1."),
        ("= 0.25", "= nan", ": thresholds.square, entry 2, is wrong: input should be a finite number."),
        ("= 0.25", '= "0.25"', ": thresholds.square, entry 2, is wrong: input should be a valid number."),
        ("= 0.25", "= true", ": thresholds.square, entry 2, is wrong: input should be a valid number."),
        ('"a blue box"', '""', ": thresholds.square, entry 2, is empty, "),
        ('"a blue box"', '" a box"', ": thresholds.square, entry 2, is empty, begins or ends with a space, "),
        ('"a blue box"', '"a\\u0007box"', ": thresholds.square, entry 2, is empty, begins or ends with a space, "),
        (
            '"a blue box"',
            f'"{"a" * 201}"',
            ": thresholds.square, entry 2, has 201 characters, of which 200 are allowed.",
        ),
        (
            '"a blue box"',
            '"A BLUE square"',
            ": thresholds.square, entry 2, repeats a term of this table in other letters.",
        ),
        ('"a red disc" = 0.3\n', "", ": thresholds.disc is wrong: dictionary should have at least 1 item"),
        ("[thresholds.disc]", "[parameters]\ncount = 1\n[thresholds.disc]", ": parameters.count is not known here."),
        ('disc = "red disc"', 'disc = ""', ": parts.disc is wrong: string should have at least 1 character."),
    ],
)
def test_load_policy_wrong_file(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """What is wrong is said in one sentence that names file and key, and an entry by number instead of its term."""
    assert old in SHAPES
    path = written(tmp_path, SHAPES.replace(old, new))
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}{fault}")
    assert "\n" not in str(caught.value)
    assert "a blue" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('extends = "nothing"', ": extends names none of demo, "),
        ('extends = "demo"\nrule = "every-part"', ": rule is not known here."),
        ('extends = "demo"\n[thresholds.ring]\n"a ring" = 0.1', ": thresholds are disc, square, ring, where the rule "),
        ('extends = "demo"\n[thresholds.disc]\n"A red disc" = 0.1', ": thresholds.disc, entry 1, repeats a term "),
        ('extends = "demo"\n[thresholds.disc]\n"a red disc" = 2', ": thresholds.disc, entry 1, is wrong: "),
        ('extends = "fedi-safety-2024"\n[parameters]\nphoto_word = ""', ": parameters.photo_word is empty."),
        (
            'extends = "fedi-safety-2024"\n[parameters]\nphoto_above = 1.5',
            ": parameters.photo_above is not within [-1, 1].",
        ),
        ('extends = "fedi-safety-2024"\n[parameters]\nanime_below = "x"', ": parameters.anime_below is wrong: "),
        ('extends = "fedi-safety-2024"\n[parameters]\nanime_below = 2024-01-01', ": parameters.anime_below is wrong: "),
        (
            'extends = "fedi-safety-2024"\n[parameters]\nsecond_look_photo_fraction = 1.5',
            ": parameters.second_look_photo_fraction is not within [0, 1].",
        ),
        (
            'extends = "fedi-safety-2024"\n[parameters]\npairs = [["a", "b"], ["b", "c"]]',
            ": parameters.pairs names a term twice.",
        ),
        (
            'extends = "fedi-safety-2024"\n[parameters]\npairs = [["a", "b"]]',
            ": parameters.pairs names a term that no table ",
        ),
        ('extends = "fedi-safety-2024"\n[parameters]\npairs = [["a"]]', ": parameters.pairs is missing or incomplete."),
        ('extends = "fedi-safety-2024"\n[thresholds.minor]\n"cube" = 0.2', ": thresholds.minor holds a term that "),
        ('extends = "fedi-safety-2023"\n[parameters]\npairs = [["a", "a"]]', ": parameters.pairs names a term twice."),
        (
            'extends = "fedi-safety-2023"\n[parameters]\npairs = [["a", "b"]]',
            ": parameters.pairs names a term that thresholds.minor ",
        ),
        (
            'extends = "fedi-safety-2023"\n[parameters.adjust]\n"a" = []',
            ": parameters.adjust names a term that thresholds.control ",
        ),
        (
            'extends = "fedi-safety-2023"\n[parameters.explicit_bonus]\n"a" = 0.1',
            ": parameters.explicit_bonus names a term that ",
        ),
        (
            'extends = "fedi-safety-2023"\n[parameters]\nminor_points_needed = 0',
            ": parameters.minor_points_needed is below 1.",
        ),
        (
            'extends = "fedi-safety-2023"\n[parameters]\nminor_points_needed = 1.5',
            ": parameters.minor_points_needed is wrong: ",
        ),
    ],
)
def test_load_policy_wrong_override(tmp_path: Path, text: str, fault: str) -> None:
    """What is wrong in a file that extends is said in one sentence too."""
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}{fault}")


def test_load_policy_override_name_of_file(tmp_path: Path) -> None:
    """A file that extends needs a name of its own where that of the file will not do."""
    path = tmp_path / "two words.toml"
    path.write_text('extends = "demo"')
    with pytest.raises(PolicyError, match=": name is wrong: string should match"):
        load_policy(str(path))


def test_load_policy_too_many_terms(tmp_path: Path) -> None:
    """More terms than a welcome message may carry are refused."""
    more = "".join(f'"box {number}" = 0.1\n' for number in range(4096))
    with pytest.raises(PolicyError, match=r": thresholds hold 4099 terms, of which 4096 are allowed.$"):
        load_policy(written(tmp_path, SHAPES + more))


def test_load_policy_subject_apart_from_danger(tmp_path: Path) -> None:
    """The rule of 2024 works where no subject term is also one of danger."""
    text = """
    name = "shapes"
    model = "demo"
    rule = "fedi-safety-2024"
    [parts]
    anime = "drawing"
    subject = "thing"
    explicit = "disc"
    minor = "square"
    [parameters]
    pairs = []
    second_look_photo_fraction = 0.5
    photo_word = "photo"
    anime_below = 0.2
    photo_above = 0.3
    [thresholds]
    anime = {"drawing" = 0.1}
    subject = {"thing" = 0.1}
    explicit = {"disc" = 0.1}
    explicit_when_anime = {"disc" = 0.1}
    minor = {"square" = 0.1}
    minor_danger = {"square" = 0.2}
    minor_anime = {"square" = 0.1}
    minor_anime_extra = {"square" = 0.1}
    """
    policy = load_policy(written(tmp_path, text))
    assert policy.terms == ("drawing", "thing", "disc", "square")
    assert policy.judge([0.0, 0.11, 0.11, 0.21]).flagged
    assert not policy.judge([0.0, 0.09, 0.11, 0.21]).flagged
