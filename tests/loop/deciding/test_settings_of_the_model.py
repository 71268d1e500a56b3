"""Every setting of a campaign file that a model is to heed changes what it says, and how.

Each row goes the whole way: a file's text, its results read in from a table, the surrogate that
decisions rest on. Compared are the file with a setting and the file with another or none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from planner.campaign import CampaignSpec
from planner.loop.deciding.model import fit_surrogate, predict
from planner.loop.exchange import import_rows, read_file
from planner.models import FAMILIES, Surrogate
from planner.models.coverage.corrected import Corrected
from planner.models.families import DEAR as DEAR_FAMILIES
from planner.models.gaussian.process import GaussianProcess
from planner.space import SearchSpace, Value
from planner.trials import Prediction
from tests.loop.conftest import MakeSession
from tests.loop.scripted_lab import ScriptedLab

BASE = """
schema: 1
campaign: settings
parameters:
  temperature: {low: 0, high: 100, unit: degC}
  dose: {low: 1, high: 100}
  salt: {choices: [NaCl, KCl, CsCl]}
outcomes:
  yield: {unit: percent, expected: [0, 100]}
objectives: [{aim: maximise, outcome: yield, gain: 1}]
sources:
  robot: {kind: adapter, adapter: none}
budget: {trials: 60}
model: {family: gp}
"""
DOSE = "dose: {low: 1, high: 100}"
SALT = "salt: {choices: [NaCl, KCl, CsCl]}"
YIELD = "yield: {unit: percent, expected: [0, 100]}"
HERE: Mapping[str, Value] = {"temperature": 50.0, "dose": 30.0, "salt": "NaCl"}

Row = Mapping[str, Value]
Ask = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What is said with one file, its results read in."""

    spec: CampaignSpec
    space: SearchSpace
    surrogate: Surrogate

    def at(self, **changed: Value) -> Prediction:
        """The prediction of a run here, but for what is changed."""
        return predict(self.surrogate, self._x(changed).numpy(), self.spec)[0]

    def noise_sd(self, **changed: Value) -> float:
        return float(self.surrogate.noise_sd(self._x(changed))[0])

    def alike(self, one: Row, other: Row) -> float:
        """How the process here with one change goes with that with the other, before any result."""
        assert isinstance(self.surrogate, Corrected)
        process = self.surrogate.base
        assert isinstance(process, GaussianProcess)
        covariance = process.prior_covariance(self._x(one), self._x(other))
        return float(covariance[0, 0]) / process.prior_covariance(self._x(one), self._x(one)).item()

    def _x(self, changed: Row) -> torch.Tensor:
        return torch.from_numpy(self.space.encode([{**HERE, **changed}]))


@pytest.fixture
def ask(make_session: MakeSession, tmp_path: Path) -> Ask:
    """Opens a campaign of a file's text, brings the rows along, and fits what decides."""
    number = itertools.count()

    def said(text: str, rows: Sequence[Row] = ()) -> Said:
        session = make_session(
            ScriptedLab(lambda order, n: AssertionError()), text=text, ledger=f"{next(number)}.db"
        )
        if rows:
            table = tmp_path / "old.csv"
            lines = [",".join(map(str, row.values())) for row in rows]
            table.write_text("\n".join([",".join(rows[0]), *lines]))
            given = read_file(table, session.state.spec)
            done = import_rows(session, given.rows, source="archive", origin="old.csv")
            assert (done.n, done.problems) == (len(rows), ())
        surrogate = fit_surrogate(session.state, session.space)
        assert isinstance(surrogate, Surrogate), surrogate
        return Said(session.state.spec, session.space, surrogate)

    return said


def results(
    of: Callable[[float, float], float], n: int = 16, *, noise_sd: float = 0.0, seed: int = 1
) -> list[Row]:
    """Results of a function of temperature and dose, as shares of their ranges."""
    rng = np.random.default_rng(seed)
    rows = rng.random((n, 2))
    values = [of(t, d) + noise_sd * rng.standard_normal() for t, d in rows]
    return [
        {"temperature": round(100 * t, 2), "dose": round(1 + 99 * d, 2),
         "salt": ("NaCl", "KCl", "CsCl")[i % 3], "yield": round(value, 3)}
        for i, ((t, d), value) in enumerate(zip(rows, values, strict=True))
    ]  # fmt: skip


def hill(t: float, d: float) -> float:
    return 10.0 + 60.0 * np.exp(-8.0 * (t - 0.5) ** 2) * (0.7 + 0.3 * d)


def wider_bounds_bring_doses_nearer(plain: Said, other: Said) -> bool:
    few, many = {"dose": 10.0}, {"dose": 90.0}
    return other.alike(few, many) > plain.alike(few, many) + 0.1


def a_log_scale_counts_ratios(plain: Said, other: Said) -> bool:
    low, middle, high = ({"dose": dose} for dose in (1.0, 10.0, 100.0))
    apart = plain.alike(low, middle) - plain.alike(middle, high)
    return apart > 0.1 and abs(other.alike(low, middle) - other.alike(middle, high)) < 1e-9


def listed_numbers_lie_where_their_values_are(plain: Said, other: Said) -> bool:
    low, middle, high = ({"dose": dose} for dose in (1.0, 10.0, 100.0))
    same = abs(other.alike(low, middle) - plain.alike(low, middle)) < 1e-9
    return same and other.alike(low, middle) > other.alike(middle, high) + 0.1


def what_is_measured_is_learned_by(plain: Said, other: Said) -> bool:
    low, high = {"dose": 1.0}, {"dose": 100.0}
    return other.alike(low, high) == plain.alike(low, high) < 0.99


def salts() -> list[Row]:
    return [{"salt": name} for name in ("NaCl", "KCl", "CsCl")]


def levels_have_an_order(plain: Said, other: Said) -> bool:
    one, two, three = salts()
    equal = abs(plain.alike(one, two) - plain.alike(one, three)) < 1e-12
    return equal and other.alike(one, two) > other.alike(one, three) + 0.1


def described_choices_are_near_where_their_descriptors_are(plain: Said, other: Said) -> bool:
    one, two, three = salts()
    equal = abs(plain.alike(one, two) - plain.alike(one, three)) < 1e-12
    return equal and other.alike(one, three) > other.alike(one, two) + 0.1


def predictions_begin_in_the_middle_of_what_is_expected(plain: Said, other: Said) -> bool:
    said, narrow = plain.at(), other.at()
    middles = abs(said.mean - 50.0) < 1e-6 and abs(narrow.mean - 5.0) < 1e-6
    return middles and abs(narrow.sd_run / said.sd_run - 0.1) < 1e-6


@dataclass(frozen=True)
class Setting:
    """A piece of the file and what takes its place; ``heeded`` compares what is said."""

    name: str
    was: str
    becomes: str
    heeded: Callable[[Said, Said], bool]


BEFORE_RESULTS = [
    Setting("low and high", DOSE, "dose: {low: 1, high: 1000}", wider_bounds_bring_doses_nearer),
    Setting("scale", DOSE, "dose: {low: 1, high: 100, scale: log}", a_log_scale_counts_ratios),
    Setting("values", DOSE, "dose: {values: [1, 10, 30, 100]}",
            listed_numbers_lie_where_their_values_are),
    Setting("integer", DOSE, "dose: {kind: integer, low: 1, high: 100}",
            what_is_measured_is_learned_by),
    Setting("contextual", DOSE, "dose: {kind: contextual, low: 1, high: 100}",
            what_is_measured_is_learned_by),
    Setting("levels", SALT, "salt: {levels: [NaCl, KCl, CsCl]}", levels_have_an_order),
    Setting("descriptors", SALT,
            "salt: {choices: {NaCl: {radius: 1.0}, KCl: {radius: 2.0}, CsCl: {radius: 1.2}}}",
            described_choices_are_near_where_their_descriptors_are),
    Setting("expected", YIELD, "yield: {unit: percent, expected: [0, 10]}",
            predictions_begin_in_the_middle_of_what_is_expected),
]  # fmt: skip


@pytest.mark.parametrize("setting", BEFORE_RESULTS, ids=lambda setting: setting.name)
def test_a_setting_changes_what_is_said_before_any_result(ask: Ask, setting: Setting) -> None:
    assert setting.was in BASE

    assert setting.heeded(ask(BASE), ask(BASE.replace(setting.was, setting.becomes)))


def test_an_optional_parameter_begins_at_nothing(ask: Ask) -> None:
    least, free = (
        ask(BASE.replace(DOSE, f"dose: {{low: 50, high: 100, optional: {word}}}"))
        for word in ("false", "true")
    )

    # from 0 to 100 the least amount is nearer to the most than from 50 on
    low, high = {"dose": 50.0}, {"dose": 100.0}
    assert free.alike(low, high) > least.alike(low, high) + 0.1


def test_a_constant_is_no_part_of_the_model(ask: Ask) -> None:
    said = ask(BASE.replace(DOSE, "dose: {value: 30}"))

    assert said.space.n_columns == ask(BASE).space.n_columns - 1


PROFILE = """dose:
    kind: profile
    unit: degC
    time_unit: min
    max_rate: 10
    knots:
      - {at: 0, value: 25}
      - {at: {low: 40, high: 180}, value: {low: 400, high: 800}}
      - {at: 600, value: LAST}"""


def test_of_a_course_in_time_every_free_knot_counts_by_itself(ask: Ask) -> None:
    """Its time and its value have a lengthscale each; what is fixed has none."""
    fixed, free = (
        ask(BASE.replace(DOSE, PROFILE.replace("LAST", last)))
        for last in ("100", "{low: 25, high: 100}")
    )

    names = [each.name for each in free.space.parameters if each.name.startswith("dose")]
    assert free.space.n_columns == fixed.space.n_columns + 1 == ask(BASE).space.n_columns + 2
    row = free.space.sample(1, seed=1)[0]
    for name in names:
        bounds = free.space.parameter(name)
        assert free.alike(row, {**row, name: bounds.low}) != free.alike(
            row, {**row, name: bounds.high}
        )


def test_values_outside_the_bounds_of_the_outcome_are_not_expected(ask: Ask) -> None:
    """Near a bound the interval ends there, and the mean is inside."""
    rows = results(lambda t, d: 3.0 * t, noise_sd=1.0)
    rows = [{**row, "yield": abs(float(row["yield"]))} for row in rows]

    free = ask(BASE, rows).at(temperature=0.0)
    bounded = ask(BASE.replace("percent,", "percent, bounds: [0, 100],"), rows).at(temperature=0.0)

    assert free.low < 0.0
    assert 0.0 <= bounded.low <= bounded.mean <= bounded.high


def test_known_noise_is_believed(ask: Ask) -> None:
    """The more one run differs from the next, the less a strange result moves the process."""
    rows = results(hill)
    strange = {"temperature": 50.0, "dose": 30.0, "salt": "NaCl", "yield": 5.0}

    exact, rough = (
        ask(BASE.replace("percent,", f"percent, noise: {sd},"), [*rows, strange])
        for sd in (0.5, 15)
    )

    # a corrected noise may be up to a few times the stated one: both by the same rule
    assert rough.noise_sd() > 10.0 * exact.noise_sd()
    assert abs(exact.at().mean - 5.0) < 2.0
    assert rough.at().mean > exact.at().mean + 10.0
    assert rough.at().sd > exact.at().sd


def errors_at_catalysts(ask: Ask, *, n_descriptors: int, n: int, weights: Sequence[float]) -> float:
    """The root mean square error over 16 catalysts, of six sets of n results."""
    squares = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        described = rng.random((16, 4)).round(4)
        names = [f"C{i}" for i in range(16)]
        choices = ", ".join(
            f"{name}: {{{', '.join(f'd{j}: {row[j]}' for j in range(n_descriptors))}}}"
            for name, row in zip(names, described, strict=True)
        )
        which, t = rng.integers(16, size=n), rng.random(n).round(4)

        def true(index: int, t: float, places: np.ndarray = described) -> float:
            return 40.0 + 20.0 * np.sin(4.0 * places[index] @ weights) + 10.0 * np.cos(3.0 * t)

        rows = [
            {"temperature": 100 * t[i], "dose": 30, "salt": names[which[i]],
             "yield": true(which[i], t[i]) + rng.standard_normal()}
            for i in range(n)
        ]  # fmt: skip
        text = BASE.replace(SALT, f"salt: {{choices: {{{choices}}}}}").replace(
            DOSE, "dose: {value: 30}"
        )
        said = ask(text, rows)
        squares += [
            (said.at(salt=name, temperature=50.0).mean - true(i, 0.5)) ** 2
            for i, name in enumerate(names)
        ]
    return float(np.sqrt(np.mean(squares)))


def scaled_alike(space: SearchSpace) -> tuple[int, ...]:
    return space.columns


@pytest.mark.slow
def test_a_descriptor_that_does_nothing_is_ignored(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four descriptors one matters: the error is 2.3 and of that one alone 1.3.

    With one lengthscale for all four it would be 6.8. Fixed data; the limits lie half way.
    """
    first = (1.0, 0.0, 0.0, 0.0)
    alone, of_four = (
        errors_at_catalysts(ask, n_descriptors=k, n=15, weights=first) for k in (1, 4)
    )
    monkeypatch.setattr(SearchSpace, "groups", property(scaled_alike))
    alike = errors_at_catalysts(ask, n_descriptors=4, n=15, weights=first)

    assert of_four < 2.5 * alone
    assert of_four < 0.6 * alike


@pytest.mark.slow
def test_where_all_descriptors_matter_few_results_suffice_as_well(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight results the error is 8.8, and 7.6 with one lengthscale for all four."""
    every = (0.5, 0.5, 0.5, 0.5)
    own = errors_at_catalysts(ask, n_descriptors=4, n=8, weights=every)
    monkeypatch.setattr(SearchSpace, "groups", property(scaled_alike))
    alike = errors_at_catalysts(ask, n_descriptors=4, n=8, weights=every)

    assert own < 1.3 * alike


def with_a_mistake() -> list[Row]:
    """A smooth hill, and one run here that went wrong."""
    wrong = {"temperature": 50.0, "dose": 30.0, "salt": "NaCl", "yield": 0.0}
    return [*results(hill, 24, noise_sd=0.5), wrong]


def with_repeats() -> list[Row]:
    """Twelve settings, each run three times, that scatter more the hotter they are."""
    settings = results(lambda t, d: 50.0, 12)
    rng = np.random.default_rng(2)
    return [
        {**row, "yield": 50.0 + (0.3 + 0.1 * float(row["temperature"])) * rng.standard_normal()}
        for row in settings
        for _ in range(3)
    ]


def stairs(t: float, d: float) -> float:
    """Beyond half of the temperatures, and beyond two fifths of the doses, is another phase."""
    return 20.0 + 30.0 * (t > 0.5) + 30.0 * (d > 0.4)


def over_decades() -> list[Row]:
    """One run differs from the next by a share of itself."""
    rows, rng = results(lambda t, d: 0.1 * 10 ** (3.0 * t), 24), np.random.default_rng(3)
    return [{**row, "yield": float(row["yield"]) * np.exp(rng.normal(0.0, 0.3))} for row in rows]


def fast(t: float) -> float:
    return 50.0 + 30.0 * np.sin(12.0 * t**4)


def with_salts_that_add_up() -> list[Row]:
    """Each salt shifts the hill."""
    rows = results(hill, 24, noise_sd=0.5)
    shift = {"NaCl": 0.0, "KCl": 10.0, "CsCl": 20.0}
    return [{**row, "yield": float(row["yield"]) + shift[str(row["salt"])]} for row in rows]


def of_one_parameter() -> list[Row]:
    return results(lambda t, d: 50.0 + 30.0 * np.sin(6.0 * t), 16, noise_sd=1.0)


def all_lengthscales_are_one(plain: Said, other: Said) -> bool:
    return len(set(other.surrogate.lengthscales)) == 1 < len(set(plain.surrogate.lengthscales))


def unknown_hyperparameters_widen(plain: Said, other: Said) -> bool:
    corner = {"temperature": 100.0, "dose": 100.0, "salt": "CsCl"}
    return as_fitted(other, corner) > as_fitted(plain, corner)


def as_fitted(said: Said, row: Row) -> float:
    """The deviation of the process without what the forecasts teach of it."""
    assert isinstance(said.surrogate, Corrected)
    x = torch.from_numpy(said.space.encode([{**HERE, **row}]))
    return float(said.surrogate.base.moments(x)[1][0])


def the_mistake_is_not_followed(plain: Said, other: Said) -> bool:
    near = {"temperature": 52.0}
    true = hill(0.5, 0.3)
    return abs(other.at(**near).mean - true) < 0.5 * abs(plain.at(**near).mean - true)


def noise_rises_with_temperature(plain: Said, other: Said) -> bool:
    def ratio(said: Said) -> float:
        return said.noise_sd(temperature=95.0) / said.noise_sd(temperature=5.0)

    return ratio(other) > 2.0 * ratio(plain)


def runs_differ_by_a_share_of_themselves(plain: Said, other: Said) -> bool:
    def ratio(said: Said) -> float:
        return said.at(temperature=90.0).sd_run / said.at(temperature=40.0).sd_run

    return ratio(other) > 3.0 * ratio(plain)


def it_predicts_better(
    true: Callable[[float], float], temperatures: Sequence[float]
) -> Callable[[Said, Said], bool]:
    def error(said: Said) -> float:
        return sum((said.at(temperature=t).mean - true(t / 100)) ** 2 for t in temperatures)

    return lambda plain, other: error(other) < error(plain)


def it_predicts_as_well(plain: Said, other: Said) -> bool:
    """Of a smooth process both know the same, though not by the same way."""
    apart = [
        other.at(temperature=t).mean - plain.at(temperature=t).mean for t in (20.0, 50.0, 80.0)
    ]
    return 0.0 < max(map(abs, apart)) < 8.0


def networks_were_compared(plain: Said, other: Said) -> bool:
    comparison = other.surrogate.comparison
    assert comparison is not None
    assert set(DEAR_FAMILIES) <= set(comparison.scores)
    return it_predicts_as_well(plain, other)


def the_idle_parameter_does_less(plain: Said, other: Said) -> bool:
    def share(said: Said) -> float:
        temperature, dose, _ = said.surrogate.lengthscales
        return dose / temperature

    return share(other) > share(plain)


@dataclass(frozen=True)
class Named:
    """A family, results that it is for, and how it differs from the plain process there."""

    family: str
    rows: Callable[[], list[Row]]
    heeded: Callable[[Said, Said], bool]


QUICK = [
    Named("isotropic_gp", of_one_parameter, all_lengthscales_are_one),
    Named("averaged_gp", of_one_parameter, unknown_hyperparameters_widen),
    Named("robust_gp", with_a_mistake, the_mistake_is_not_followed),
    Named("varying_noise_gp", with_repeats, noise_rises_with_temperature),
    Named("forest", lambda: results(stairs, 40, noise_sd=1.0),
          it_predicts_better(lambda t: stairs(t, 0.3), (10, 30, 42, 58, 70, 90))),
    Named("transformed_gp", over_decades, runs_differ_by_a_share_of_themselves),
    Named("warped_gp", lambda: results(lambda t, d: fast(t), 30),
          it_predicts_better(fast, (10, 30, 60, 80, 90, 97))),
    Named("mixed_gp", with_salts_that_add_up,
          it_predicts_better(lambda t: hill(t, 0.3), (10, 25, 40, 60, 75, 90))),
    Named("large_gp", of_one_parameter, it_predicts_as_well),
    Named("auto", of_one_parameter, it_predicts_as_well),
]  # fmt: skip
DEAR = [
    Named("saas_gp", of_one_parameter, the_idle_parameter_does_less),
    Named("bayesian_gp", of_one_parameter, unknown_hyperparameters_widen),
    Named("deep_ensemble", of_one_parameter, it_predicts_as_well),
    Named("variational_bnn", of_one_parameter, it_predicts_as_well),
    Named("bnn", of_one_parameter, it_predicts_as_well),
    Named("full_auto", lambda: of_one_parameter()[::2], networks_were_compared),
]


@pytest.mark.parametrize(
    "named",
    [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in DEAR)],
    ids=lambda named: named.family,
)
def test_the_family_that_is_named_is_the_one_that_speaks(ask: Ask, named: Named) -> None:
    """Of fixed data, each as it is described in docs/explanation/models.md."""
    rows = named.rows()

    plain, other = ask(BASE, rows), ask(BASE.replace("family: gp", f"family: {named.family}"), rows)

    assert other.surrogate.family == named.family
    assert named.heeded(plain, other)


def test_every_family_has_its_row() -> None:
    assert {"gp", *(each.family for each in (*QUICK, *DEAR))} == set(FAMILIES)
