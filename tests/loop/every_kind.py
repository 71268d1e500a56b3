"""A campaign with an outcome of every kind, and what was measured in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from planner.campaign import CampaignSpec, parse_campaign
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.entries import ObservationImported
from planner.trials import Curve, Measured
from planner.trials.values import MOST_INLINE_POINTS

CATALYSTS = ("Fe", "-", "n/a", "1-2", "=A1", "Fe; Co", '"quoted"', "3", "#1", "2026-01-05")
PHASES = ("rutile", "anatase", "n.d.", "1", "<5", "TRUE")

TEXT = f"""
schema: 1
campaign: every-kind
parameters:
  temperature: {{low: 100, high: 150, unit: degC}}
  flow: {{low: 1, high: 5, unit: sccm, scale: log}}
  time: {{low: 1, high: 60, unit: min}}
  catalyst: {{choices: {list(CATALYSTS)!r}}}
  stirring: {{value: 300, unit: rpm}}
  humidity: {{kind: contextual, low: 20, high: 80, unit: percent}}
outcomes:
  yield: {{unit: percent, bounds: [0, 100]}}
  phase: {{kind: class, classes: {list(PHASES)!r}}}
  spectrum: {{kind: curve, x_name: wavelength, x_unit: nm}}
  peak: {{unit: nm, reduce: spectrum, by: peak_position}}
  sizes: {{kind: distribution, unit: nm}}
  sem: {{kind: image}}
  log: {{kind: file}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  bench: {{kind: person}}
budget: {{trials: 60}}
"""


def spec() -> CampaignSpec:
    return parse_campaign(TEXT, path="every_kind.yaml")


finite = st.floats(-1e12, 1e12, allow_subnormal=False).map(lambda value: value + 0.0)
places = st.lists(finite, min_size=2, max_size=12, unique=True).map(sorted)
words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=30,
).map(str.strip)
moments = st.integers(0, 10**9).map(
    lambda seconds: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@st.composite
def curves(draw: st.DrawFn, *, lowest: float = -1e12) -> Curve:
    x = draw(places)
    y = draw(
        st.lists(
            st.floats(lowest, 1e12, allow_subnormal=False).map(lambda value: value + 0.0),
            min_size=len(x),
            max_size=len(x),
        ).filter(lambda values: max(values) > 0)
    )
    return Curve(x=tuple(x), y=tuple(y))


@st.composite
def measurements(draw: st.DrawFn, artifacts: ArtifactStore) -> ObservationImported:
    """One measurement, of as many outcomes as may be; never none."""
    sds = st.none() | st.floats(0, 1e6, exclude_min=True, allow_subnormal=False)
    values = {
        "yield": st.builds(Measured, value=st.floats(0, 100), sd=sds),
        "phase": st.sampled_from(PHASES).map(lambda name: Measured(value=name)),
        "sizes": curves(lowest=0.0).map(lambda curve: Measured(value=curve)),
        "sem": st.binary(min_size=1, max_size=40).map(
            lambda data: Measured(
                value=artifacts.put_bytes(data, media_type="image/tiff", name="sem 1.tif")
            )
        ),
        "log": words.map(
            lambda text: Measured(
                value=artifacts.put_bytes(
                    text.encode() or b"-", media_type="text/x-own", name="run.log"
                )
            )
        ),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
    outcomes = {name: draw(values[name]) for name in sorted(chosen)}
    if draw(st.booleans()):
        outcomes |= draw(spectra(artifacts))
    return ObservationImported(
        configuration={
            "temperature": draw(st.floats(90, 160)),
            "flow": draw(st.floats(0.5, 6)),
            "time": draw(st.floats(1, 60)),
            "catalyst": draw(st.sampled_from(CATALYSTS)),
            "stirring": 300.0,
            "humidity": draw(st.floats(0, 100)),
        },
        outcomes=outcomes,
        source=draw(words.filter(bool)),
        measured_at=draw(moments),
    )


@st.composite
def spectra(draw: st.DrawFn, artifacts: ArtifactStore) -> dict[str, Measured]:
    """A spectrum with its peak at a point of its own, short or so long that it is stored."""
    n = draw(st.sampled_from([5, 41, MOST_INLINE_POINTS + 1]))
    top = draw(st.integers(1, n - 2))
    curve = Curve(
        x=tuple(400.0 + 0.25 * i for i in range(n)),
        y=tuple(1.0 / (1 + abs(i - top)) for i in range(n)),
    )
    value = artifacts.put_curve(curve) if n > MOST_INLINE_POINTS else curve
    return {"spectrum": Measured(value=value)}
