"""What is accepted as a measured outcome, of each kind, and what is refused with which words."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.campaign import CampaignSpec, parse_campaign, read_space
from planner.errors import InputError
from planner.labs import RESULTS, Attachment, Reported, Result, Series
from planner.ledger.artifacts import ArtifactStore
from planner.loop.results.check import Checked, check_result
from planner.loop.results.intake import Intake, check_own, make_intake, stow
from planner.loop.results.measuring import measure
from planner.trials import Artifact, Curve, Measured, StoredCurve
from planner.trials.values import MOST_INLINE_POINTS
from tests.loop.every_kind import spec

PNG = Attachment(name="sem.png", content=b"\x89PNG", media_type="image/png")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def checked(
    result: Result, store: ArtifactStore, *, campaign: CampaignSpec | None = None, **more: object
) -> Checked:
    campaign = campaign or spec()
    return check_result(
        result,
        spec=campaign,
        space=read_space(campaign, folder=Path()),
        intake=Intake(artifacts=store, **more),
        requested=dict.fromkeys(campaign.scalars, 1.0),
    )


def read(name: str, value: object, store: ArtifactStore, **more: object) -> Measured:
    return measure(Reported(value=value, **more), spec().outcomes[name], store)


@pytest.mark.parametrize(
    ("name", "value", "more", "says"),
    [
        ("yield", True, {}, "not a finite number"),
        ("yield", Series(x=(1.0,), y=(1.0,)), {}, "not a finite number"),
        ("yield", 101.0, {}, "outside its bounds"),
        ("yield", 50.0, {"sd": -1.0}, "deviation"),
        ("yield", 50.0, {"sd": 0.0}, "the deviation 0, and a deviation is above 0: leave it out"),
        ("yield", 50.0, {"sd": math.inf}, "deviation"),
        ("yield", 50.0, {"unit": "K"}, "K"),
        ("phase", "RUTILE", {}, "'RUTILE', which is not one of .*: is 'rutile' meant"),
        ("phase", "rutil", {}, "is 'rutile' meant"),
        ("phase", "gold", {}, r"TRUE$"),
        ("phase", 2.0, {}, "'2', which is not one of"),
        ("phase", "rutile", {"sd": 0.1}, "no deviation"),
        ("phase", "rutile", {"unit": "nm"}, "no unit"),
        ("spectrum", 3.0, {}, "not a curve"),
        ("spectrum", Series(x=(1.0, 2.0), y=(1.0,)), {}, "2 values of x and 1 of y"),
        ("spectrum", Series(x=(1.0, 1.0), y=(1.0, 2.0)), {}, "two values at 1 nm"),
        ("spectrum", Series(x=(1.0, math.nan), y=(1.0, 2.0)), {}, "not finite"),
        ("spectrum", Series(x=(1.0,), y=(1.0,)), {}, "a curve needs 2"),
        ("spectrum", Series(x=(1.0, 2.0), y=(1.0, 2.0)), {"x_unit": "K"}, "K"),
        ("sizes", Series(x=(1.0, 2.0), y=(1.0, -2.0)), {}, "weight -2 at 2 nm"),
        ("sizes", Series(x=(1.0, 2.0), y=(0.0, 0.0)), {}, "no weight anywhere"),
        ("sizes", Series(x=(1.0, 2.0), y=(1.0, 2.0)), {"unit": "nm"}, "nm"),
        ("sem", "sem.png", {}, "not a file"),
        ("sem", Attachment(name="a.txt", content=b"x", media_type="text/plain"), {}, "an image"),
        ("log", Attachment(name="a.txt", content=b""), {}, "an empty file"),
        ("log", Attachment(name="../a", content=b"x"), {}, "no name of a file"),
        (
            "log",
            Artifact(sha256="a" * 64, media_type="text/plain", n_bytes=1, name="a"),
            {},
            "not among the campaign's",
        ),
        ("spectrum", StoredCurve(sha256="a" * 64, n_points=3), {}, "not among the campaign's"),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused(
    store: ArtifactStore, name: str, value: object, more: dict[str, object], says: str
):
    with pytest.raises(InputError, match=says):
        read(name, value, store, **more)


def test_a_class_that_looks_like_a_number_is_told_by_its_text(store: ArtifactStore):
    assert read("phase", 1, store) == read("phase", " 1 ", store) == Measured(value="1")


def test_a_curve_is_kept_in_the_outcomes_units_and_in_order(store: ArtifactStore):
    told = Series(x=(0.6, 0.5), y=(300.0, 20.0))
    curve = read("spectrum", told, store, x_unit="um", unit="percent").value
    assert isinstance(curve, Curve)
    assert curve.x == pytest.approx((500.0, 600.0))
    assert curve.y == pytest.approx((0.2, 3.0))


def test_a_distribution_is_kept_as_it_was_counted(store: ArtifactStore):
    assert read("sizes", Series(x=(2.0, 1.0), y=(30.0, 10.0)), store).value == Curve(
        x=(1.0, 2.0), y=(10.0, 30.0)
    )


def test_a_long_curve_and_a_file_are_kept_by_their_hash(store: ArtifactStore):
    n = MOST_INLINE_POINTS + 1
    long = Series(x=tuple(map(float, range(n))), y=(1.0,) * n)
    curve = read("spectrum", long, store).value
    assert isinstance(curve, StoredCurve)
    assert store.get_curve(curve) == Curve(x=long.x, y=long.y)
    file = read("sem", PNG, store).value
    assert isinstance(file, Artifact)
    assert store.get_bytes(file.sha256) == PNG.content
    assert file.name == "sem.png"


def test_what_is_stowed_on_arrival_is_small_comes_back_and_is_the_same(store: ArtifactStore):
    n = 4 * MOST_INLINE_POINTS
    long = Series(x=tuple(map(float, range(n))), y=tuple(1.0 / (1 + abs(i - 99)) for i in range(n)))
    image = Attachment(name="sem.png", content=bytes(100_000), media_type="image/png")
    result = Result(
        outcomes={
            "spectrum": Reported(value=long),
            "sem": Reported(value=image),
            "log": Reported(value=Attachment(name="a/b", content=b"x")),
            "sizes": Reported(value=Series(x=(math.nan,) * n, y=(1.0,) * n)),
            "yield": Reported(value=math.nan),
        }
    )
    payload = RESULTS.dump_python(stow(result, store), mode="json")
    assert len(json.dumps(payload)) < 2000
    again = checked(RESULTS.validate_python(payload), store)
    assert store.get_curve(again.outcomes["spectrum"].value) == Curve(x=long.x, y=long.y)
    assert store.get_bytes(again.outcomes["sem"].value.sha256) == image.content
    assert again.outcomes["log"].value.name == "log.bin"  # its own name was none
    assert [each.split("'")[1] for each in again.problems] == ["sizes", "yield"]


def test_a_number_is_computed_from_its_curve_and_stored_beside_it(store: ArtifactStore):
    """The parabola through (519, 0.8), (520, 1), (521, 0.8) has its vertex at 520."""
    spectrum = Series(x=(518.0, 519.0, 520.0, 521.0, 522.0), y=(0.1, 0.8, 1.0, 0.8, 0.1))
    found = checked(Result(outcomes={"spectrum": Reported(value=spectrum)}), store)
    assert not found.problems
    assert found.outcomes["peak"].value == pytest.approx(520.0, abs=1e-9)
    assert set(found.missing) == {"yield", "phase", "sizes", "sem", "log"}


def test_a_curve_without_the_number_is_put_aside_with_the_reason(store: ArtifactStore):
    flat = Series(x=(1.0, 2.0, 3.0), y=(1.0, 1.0, 1.0))
    (problem,) = checked(Result(outcomes={"spectrum": Reported(value=flat)}), store).problems
    assert problem.startswith("outcome 'peak' cannot be computed from 'spectrum'")


def test_a_computed_number_that_is_told_is_refused(store: ArtifactStore):
    told = Result(outcomes={"peak": Reported(value=520.0)})
    assert "computed from 'spectrum'" in checked(told, store).problems[0]


OWN = """
schema: 1
campaign: own
parameters: {t: {low: 0, high: 1}}
outcomes:
  decay: {kind: curve, x_unit: s}
  half: {unit: s, bounds: [0, 5], reduce: decay, by: {name: own, function: half_life, unit: s}}
objectives: [{aim: maximise, outcome: half}]
sources: {bench: {kind: person}}
budget: {trials: 3}
"""


def test_a_function_of_ones_own_computes_the_number_and_its_bounds_hold(store: ArtifactStore):
    campaign = parse_campaign(OWN, path="own.yaml")
    told = Result(outcomes={"decay": Reported(value=Series(x=(0.0, 4.0, 9.0), y=(1.0, 0.5, 0.2)))})

    def half_life(x, y):
        return float(x[y <= 0.5][0])

    own = {"half_life": half_life}
    assert checked(told, store, campaign=campaign, own=own).outcomes["half"].value == 4.0
    far = {"half_life": lambda x, y: float(x[-1])}
    assert "outside its bounds" in checked(told, store, campaign=campaign, own=far).problems[0]
    with pytest.raises(InputError, match=r"reductions=\{'half_life': your_function\}"):
        check_own(campaign, make_intake(campaign, folder=Path(), artifacts=store.folder))


def test_what_was_achieved_may_lie_between_the_steps_and_beyond_the_bounds(store: ArtifactStore):
    reported = Result(
        outcomes={"yield": Reported(value=5.0)},
        achieved={
            "temperature": Reported(value=440.0, unit="K"),
            "catalyst": Reported(value=3),
            "humidity": Reported(value=12.0),
        },
    )
    achieved = checked(reported, store).achieved
    assert achieved is not None
    assert achieved["temperature"] == pytest.approx(166.85)
    assert achieved["catalyst"] == "3"
    assert achieved["humidity"] == 12.0
    unknown = Result(
        outcomes={"yield": Reported(value=5.0)}, achieved={"catalyst": Reported(value="Ni")}
    )
    assert "not one of" in checked(unknown, store).problems[0]


@given(
    x=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    content=st.binary(max_size=20),
    name=st.text(max_size=8),
    number=st.floats(allow_nan=False, allow_infinity=False),
)
def test_an_adapter_sends_every_kind_as_json_and_it_arrives_as_it_was(
    x: list[float], content: bytes, name: str, number: float
):
    result = Result(
        outcomes={
            "spectrum": Reported(value=Series(x=tuple(x), y=tuple(x)), x_unit="nm", unit="1"),
            "log": Reported(value=Attachment(name=name, content=content, media_type="a/b")),
            "phase": Reported(value=str(number)),
            "yield": Reported(value=number, sd=abs(number)),
            "kept": Reported(value=StoredCurve(sha256="a" * 64, n_points=3)),
            "file": Reported(
                value=Artifact(sha256="b" * 64, media_type="a/b", n_bytes=3, name="x")
            ),
        },
        achieved={"catalyst": Reported(value="1.5")},
    )
    assert RESULTS.validate_json(RESULTS.dump_json(result)) == result
