"""A campaign in Python: the verbs of the command line, and tables as data frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.errors import InputError, Refused, UnknownName
from planner.loop.handle import Campaign
from planner.trials import Curve
from tests.loop.bench_days import BENCH, for_a_class

BY_PERSON = BENCH.replace("robot: {kind: adapter, adapter: none}", "robot: {kind: person}")


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    (tmp_path / "bench.yaml").write_text(BY_PERSON)
    with planner.open(tmp_path / "bench.yaml") as opened:
        yield opened


def test_a_table_goes_out_and_comes_back(campaign: Campaign) -> None:
    asked = campaign.ask(3, lock={"catalyst": "P2-L1"}, context={"humidity": 44.0})
    assert {each.configuration["catalyst"] for each in asked} == {"P2-L1"}
    table = campaign.to_fill_in(asked)
    assert table["temperature (degC)"].tolist() == [a.configuration["temperature"] for a in asked]
    table.loc[0, ["status", "yield (percent)", "phase"]] = ["done", 41.5, "cubic"]
    table.loc[1, ["status", "note"]] = ["failed by process", "it gelled"]
    table.loc[1, "yield (percent)"] = float("nan")  # what a gap in a column of numbers becomes
    said = campaign.tell(table)
    assert said.splitlines()[0] == (
        f"row 1: Trial {asked[0].trial_id} is completed with yield=41.5 percent, phase=cubic. "
        f"Still to come: size."
    )
    assert said.splitlines()[-1] == "Entered 2 rows; 1 not filled in."
    kept = campaign.to_frame().set_index("trial")
    assert kept["state"].tolist() == ["completed", "failed by process", "running"]
    assert kept.loc[asked[0].trial_id, "yield"] == 41.5
    assert "Nothing new was told" in campaign.tell(table)
    assert len(campaign.to_fill_in()) == 2  # one for its size, one that is open


def test_a_table_with_an_error_raises_and_enters_nothing(campaign: Campaign) -> None:
    table = campaign.to_fill_in(campaign.ask(2))
    table["yield (percent)"] = [50.0, 500.0]
    with pytest.raises(InputError, match="outside its bounds"):
        campaign.tell(table)
    assert campaign.to_frame()["yield"].isna().all()
    assert "Entered 1 row; 1 refused." in campaign.tell(table, partial=True)


def test_rows_without_a_trial_are_ones_own(campaign: Campaign) -> None:
    mine = pd.DataFrame({"temperature": [120.0, 130.0], "catalyst": ["1-2", "P1-L1"]})
    said = campaign.tell(mine.assign(humidity=44.0, **{"yield": [33.0, 35.0]}))
    assert said.count("Your own: trial") == 2
    assert campaign.to_frame()["origin"].tolist() == ["person", "person"]


def test_the_verbs_of_the_command_line(campaign: Campaign) -> None:
    first, second = campaign.ask(2, avoid=[{"catalyst": "1-2"}])
    with pytest.raises(InputError, match="a deviation is above 0"):
        campaign.tell(first.trial_id, {"yield": 30.0}, sd={"yield": 0.0})
    campaign.tell(first.trial_id, {"yield": 30.0}, sd={"yield": 1.0})
    campaign.tell(first.trial_id, {"size": 12.0})
    with pytest.raises(Refused, match="not overwritten"):
        campaign.tell(first.trial_id, {"yield": 31.0})
    campaign.tell(first.trial_id, {"yield": 31.0}, correct=True, reason="typo")
    campaign.tell(first.trial_id, lost=["phase"], reason="no beam time")
    assert "rejected" in campaign.veto(second.trial_id, reason="no")
    assert "left out" in campaign.exclude(first.trial_id, reason="dirty")
    assert "taken in" in campaign.exclude(first.trial_id, reason="clean", undo=True)
    assert campaign.note("hello", trial_id=first.trial_id) == "Noted on trial 1."
    mine = campaign.propose({"temperature": 140.0, "catalyst": "P1-L1"}, reason="a hunch")
    assert mine.trial.proposal.origin == "person"
    assert mine.compared.own.prediction is None  # of one measurement nothing can be learned
    assert "there is 1" in mine.compared.why_not
    campaign.tell(mine.trial.number, {"phase": "amorphous", "yield": 52.0})
    (expected,) = campaign.predict([{"temperature": 125, "catalyst": "P1-L1"}])
    assert 0 <= expected.low <= expected.mean <= expected.high <= 100
    assert campaign.predict([]) == []
    with pytest.raises(UnknownName, match="no parameter 'solvent'"):
        campaign.predict([{"temperature": 125, "catalyst": "P1-L1", "solvent": "thf"}])
    with pytest.raises(InputError, match=r"predict\(\[settings\]\)"):
        campaign.predict({"temperature": 125, "catalyst": "P1-L1"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"one trial or several, not 1\.5"):
        campaign.ask(1.5)  # type: ignore[arg-type]


def test_a_stop_rule_that_is_met_refuses_and_a_word_lets_it_go_on(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(f"{BY_PERSON}\nstop: {{failures: 2}}\n")
    with planner.open(tmp_path / "bench.yaml") as campaign:
        for _ in range(2):
            (trial,) = campaign.ask()
            campaign.tell(trial.trial_id, failed="machine", reason="a leak")
        with pytest.raises(Refused, match="has stopped: 2 trials in a row failed"):
            campaign.ask()
        campaign.go(reason="a new seal")
        (trial,) = campaign.ask()
        assert trial.trial_id == 3


def test_a_class_is_predicted_with_the_probability_of_each(tmp_path: Path) -> None:
    """Probabilities of all classes sum to one; that of the wanted ones is the mean."""
    (tmp_path / "bench.yaml").write_text(for_a_class(BY_PERSON))
    with planner.open(tmp_path / "bench.yaml") as campaign:
        for degrees in (105.0, 115.0, 125.0, 135.0, 145.0):
            own = campaign.propose({"temperature": degrees, "catalyst": "P1-L1"}).trial.number
            campaign.tell(own, {"phase": "cubic" if degrees > 120 else "amorphous"})
        cold, hot = campaign.predict(
            [{"temperature": degrees, "catalyst": "P1-L1"} for degrees in (105.0, 145.0)]
        )
        for each in (cold, hot):
            assert each.classes is not None
            # a sum of two doubles that were divided by their own sum
            assert sum(each.classes.values()) == pytest.approx(1.0, abs=1e-12)
            assert each.classes["cubic"] == pytest.approx(each.mean, abs=1e-9)
        assert cold.mean < 0.5 < hot.mean


def test_curves_and_files_are_told_in_python(tmp_path: Path) -> None:
    from tests.cli.test_told_tables import CURVES

    (tmp_path / "bench.yaml").write_text(CURVES)
    picture = tmp_path / "one.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    with planner.open(tmp_path / "bench.yaml") as campaign:
        (trial,) = campaign.ask()
        curve = Curve(x=(400.0, 500.0, 600.0), y=(0.1, 0.9, 0.2))
        campaign.tell(trial.trial_id, {"spectrum": curve, "picture": picture})
        kept = campaign.to_frame().iloc[0]
        assert kept["spectrum"] == curve
        assert kept["picture"].name == "one.png"
        assert kept["peak"] == pytest.approx(500.0, abs=50.0)  # within half a step


def test_a_frame_imported_twice_is_harmless_unless_it_is_meant(campaign: Campaign) -> None:
    frame = pd.DataFrame(
        {
            "temperature": [110, 110],
            "catalyst": ["P1-L1", "P1-L1"],
            "humidity": [50.0, 50.0],
            "yield": [40.0, 40.0],  # two runs with the same result
        }
    )
    assert campaign.import_frame(frame) == 2
    assert campaign.import_frame(frame) == 0
    assert len(campaign.to_frame()) == 2
    assert campaign.import_frame(frame, may_repeat=True) == 2


def test_what_is_told_may_have_a_unit_of_its_own(campaign: Campaign) -> None:
    (asked,) = campaign.ask()
    with pytest.raises(InputError, match="comma in its number"):
        campaign.tell(asked.trial_id, {"yield": "41,5"})
    with pytest.raises(InputError, match=r"Outcome 'yield': 'much' is not a number with a unit"):
        campaign.tell(asked.trial_id, {"yield": "much"})
    with pytest.raises(InputError, match="cannot be converted"):
        campaign.tell(asked.trial_id, {"yield": "4 degC"})
    campaign.tell(asked.trial_id, {"yield": "0.415 mass_fraction", "phase": "cubic"})
    assert campaign.to_frame().loc[0, "yield"] == 41.5
    (asked,) = campaign.ask()
    campaign.tell(asked.trial_id, {"yield": "0.25 mass_fraction"}, sd={"yield": 2.0})
    kept = campaign.to_frame().loc[1]
    assert kept["yield"] == 25.0
    assert kept["yield sd"] == 2.0


SIZES = BY_PERSON.replace(
    "size: {unit: nm, bounds: [0, 1000]}", "sizes: {kind: distribution, unit: nm}"
)
SIZES = SIZES.replace("measures: [size]", "measures: [sizes]")


@pytest.mark.parametrize("given", [str, Path], ids=["text", "path"])
def test_a_distribution_is_told_by_its_file(tmp_path: Path, given: type) -> None:
    (tmp_path / "sizes.yaml").write_text(SIZES)
    file = tmp_path / "counted.csv"
    file.write_text("sizes (um),weight\n0.01,3\n0.02,5\n0.03,2\n")
    with planner.open(tmp_path / "sizes.yaml") as opened:
        (asked,) = opened.ask()
        opened.tell(asked.trial_id, {"yield": 40, "phase": "cubic", "sizes": given(file)})
        kept = opened.to_frame().loc[0, "sizes"]
        assert kept.x == (10.0, 20.0, 30.0)
        (asked,) = opened.ask()
        with pytest.raises(InputError, match=r"missing\.csv"):
            opened.tell(asked.trial_id, {"sizes": given(tmp_path / "missing.csv")})
