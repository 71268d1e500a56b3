"""Names and units on the way to a device and back: nothing is lost, or the map is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner import units
from planner.campaign import CampaignSpec, HttpDevice, MappedOutcome, MappedParameter
from planner.campaign.mapped import find_loss, to_device
from planner.errors import InputError
from planner.labs import draft_order
from planner.labs.translation import Translation
from planner.space import Continuous, Integer
from planner.trials import Answer, DeviceState, Reported, Result
from tests.labs.furnaces import SETTINGS, furnace, order

PAIRS = [("degC", "K"), ("degC", "degF"), ("min", "s"), ("sccm", "slm"), ("percent", "1")]


@st.composite
def parameters(draw: st.DrawFn) -> tuple[Continuous | Integer, MappedParameter]:
    """A number with bounds and steps, and how a device may read it."""
    unit, other = draw(st.sampled_from(PAIRS))
    low = draw(st.integers(0, 900))
    width = draw(st.integers(1, 900))
    decimals = draw(st.none() | st.integers(0, 6))
    mapped = MappedParameter(unit=draw(st.sampled_from([unit, other, None])), decimals=decimals)
    if draw(st.booleans()):
        return Integer(name="a", low=low, high=low + width, unit=unit), mapped
    step = draw(st.none() | st.sampled_from([0.001, 0.01, 0.05, 0.5, 1.0]))
    return Continuous(name="a", low=low, high=low + width, unit=unit, resolution=step), mapped


ALIASED = Continuous(name="a", low=0, high=64, unit="degC")  # whole degrees at 65 even places


@example((ALIASED, MappedParameter(unit="degC", decimals=0)), 0.8515625)
@given(parameters(), st.floats(0, 1))
def test_a_value_comes_back_where_the_map_is_accepted(
    drawn: tuple[Continuous | Integer, MappedParameter], share: float
) -> None:
    """Snapped to what can be set it is the same one; the setting is any, not one that was tried.

    The check tries 65 values; rounding errs by at most half of the last digit everywhere, so what
    is looked for here is that no value between them is worse than the half step it guarantees.
    """
    parameter, mapped = drawn
    if find_loss(parameter, mapped):
        return
    value = parameter.decode([share])  # type: ignore[arg-type]
    sent = to_device(value, mapped, unit=parameter.unit)
    unit = mapped.unit or parameter.unit
    back = units.convert(float(sent), given=unit, wanted=parameter.unit)
    step = 1.0 if isinstance(parameter, Integer) else float(parameter.step_at(float(value))[0])
    assert abs(back - float(value)) <= step / 2 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        (MappedParameter(unit="K", decimals=0), ""),
        (MappedParameter(unit="degF", decimals=0), ""),
        (MappedParameter(unit="sccm"), "measure different things"),
    ],
)
def test_whole_kelvins_carry_whole_degrees(mapped: MappedParameter, words: str) -> None:
    """273.15 rounds to 273, which is 0.15 degC off: less than the half step of 0.5."""
    whole = Continuous(name="a", low=0, high=900, unit="degC", resolution=1)
    assert words in find_loss(whole, mapped)
    assert bool(words) == bool(find_loss(whole, mapped))


def test_fine_steps_do_not_pass_through_whole_kelvins() -> None:
    fine = Continuous(name="a", low=0, high=900, unit="degC", resolution=0.1)
    said = find_loss(fine, MappedParameter(unit="K", decimals=0))
    assert "0 degC is sent as 273 K and comes back as -0.15 degC" in said
    assert find_loss(fine, MappedParameter(unit="K", decimals=2)) == ""


def _spec(mapped: dict[str, MappedParameter]) -> tuple[HttpDevice, CampaignSpec]:
    """A source as Python makes it, which no campaign file has checked."""
    spec = furnace("kind: http\nurl: http://127.0.0.1:9")
    source = spec.source
    assert isinstance(source, HttpDevice)
    return source.model_copy(update={"map": mapped}), spec


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        ({"temperature": MappedParameter(field="flow")}, "'flow' to 'temperature'"),
        (
            {"temperature": MappedParameter(field="X"), "flow": MappedParameter(field="X")},
            "the field 'X' to 'temperature'",
        ),
        ({"temperature": MappedParameter(unit="sccm")}, "'temperature' A value in 'degC'"),
        ({"flow": MappedParameter(decimals=0)}, "'flow' loses settings"),
        ({"catalyst": MappedParameter(unit="K")}, "'catalyst' has names"),
    ],
)
def test_a_map_that_loses_something_opens_no_lab(
    mapped: dict[str, MappedParameter], words: str
) -> None:
    with pytest.raises(InputError, match=r"The map of source 'furnace'") as caught:
        Translation(*_spec(mapped))
    assert words in str(caught.value)


def test_names_may_change_places() -> None:
    spec = _spec(
        {"temperature": MappedParameter(field="flow"), "flow": MappedParameter(field="temperature")}
    )
    translation = Translation(*spec)
    sent = translation.write_order(order()).parameters
    assert (sent["flow"].value, sent["temperature"].value) == (700.0, 3.0)
    achieved = {
        name: Reported(value=float(each.value)) for name, each in sent.items() if name != "catalyst"
    }
    answer = Answer(
        key="growth/1/1", state=DeviceState.DONE, result=Result(outcomes={}, achieved=achieved)
    )
    result = translation.read_answer(answer).result
    assert result is not None
    assert {name: each.value for name, each in result.achieved.items()} == {
        "temperature": 700.0,
        "flow": 3.0,
    }


def test_a_unit_that_the_device_states_goes_before_the_maps() -> None:
    translation = Translation(*_spec({}))
    said = Result(outcomes={"Y": Reported(value=81.5, unit="percent"), "pH": Reported(value=7.0)})
    answer = translation.read_answer(Answer(key="growth/1/1", state=DeviceState.DONE, result=said))
    assert answer.result is not None
    assert answer.result.outcomes == {
        "yield": Reported(value=81.5, unit="percent"),
        "pH": Reported(value=7.0),
    }


def test_the_key_and_the_digest_are_those_of_the_planner() -> None:
    """The digest is of what was decided, whatever a map makes of it."""
    spec = furnace("kind: http\nurl: http://127.0.0.1:9")
    drafted = draft_order(spec, SETTINGS)
    written = Translation(*_spec({"temperature": MappedParameter(unit="K")})).write_order(drafted)
    assert (written.key, written.digest) == (drafted.key, drafted.digest)
    assert MappedOutcome().field is None


def test_a_profile_is_written_in_the_devices_units() -> None:
    from planner.campaign import parse_campaign
    from tests.labs.test_kinds_of_orders import RAMP

    source = "{kind: http, url: 'http://127.0.0.1:9', map: {furnace: {field: RAMP, unit: degC}}}"
    text = RAMP.replace("{kind: simulator, simulator: calcination}", source)
    spec = parse_campaign(text, path="ramp.yaml")
    assert isinstance(spec.source, HttpDevice)
    middle = {name: (each.low + each.high) / 2 for name, each in spec.scalars.items()}  # type: ignore[union-attr]
    drafted = draft_order(spec, middle)
    table = Translation(spec.source, spec).write_order(drafted).profiles["RAMP"]
    assert table.unit == "degC"
    assert table.values[0] == pytest.approx(300 - 273.15, abs=1e-9)
