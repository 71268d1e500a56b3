"""planner readings: what a person sees of sensors."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.campaign import read_campaign
from planner.cli.app import app
from planner.clock import SystemClock
from planner.errors import PlannerError
from planner.loop.sensors.gateway import gathering
from planner.loop.sessions.desk import Place, at_work, open_the_ledger
from planner.readings import Reading

FILE = """\
campaign: kiln
parameters:
  temperature: {low: 500, high: 900, unit: degC}
outcomes:
  length: {unit: um, expected: [0, 100]}
objectives:
  - {aim: maximise, outcome: length}
sources:
  furnace: {kind: person}
sensors:
  chamber: {unit: degC, limits: [0, 1200], gap: 20 s}
  humidity: {source: room, unit: rh_percent}
budget: {trials: 20}
"""


@pytest.fixture(scope="module")
def kiln(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with the readings of the last five minutes, one a second, and a gap of one."""
    file = tmp_path_factory.mktemp("kiln") / "kiln.yaml"
    file.write_text(FILE)
    place, clock = Place(file=file), SystemClock()
    with at_work(place, with_lab=False):
        pass
    ledger = open_the_ledger(place, clock=clock)
    now = datetime.now(UTC)
    values = [(300 - n, 850.0 + n % 3) for n in range(300) if not 100 <= n < 160]
    sent = [
        Reading(name="chamber", at=now - timedelta(seconds=ago), value=value)
        for ago, value in [*values, (350, None), (351, 1500.0)]
    ]
    with gathering(ledger, read_campaign(file), clock=clock) as gateway:
        assert gateway.recorder.take("furnace", sent)
        assert gateway.recorder.take("intruder", sent[:4])
        assert gateway.recorder.flush()
        assert gateway.troubles() == []
    ledger.close()
    return file


def said(*words: object) -> str:
    answer = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def refused(*words: object) -> str:
    with pytest.raises(PlannerError) as caught:
        CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return str(caught.value)


def test_all_sensors_are_shown_with_what_was_refused(kiln: Path) -> None:
    text = said("readings", kiln)
    assert "chamber (furnace): 852 degC" in text
    assert "242 since" in text
    assert "99.17 % of them count" in text
    assert "humidity: nothing has come yet." in text
    assert "Refused 4 from 'intruder': the source is not part of this campaign." in text
    facts = json.loads(said("readings", kiln, "--json"))
    assert facts["sensors"][0]["n_good"] == 240


def test_one_sensor_is_summed_up_and_its_gaps_are_named(kiln: Path) -> None:
    text = said("readings", kiln, "chamber", "--since", "8 min")
    assert "242 readings came, 240 of them count." in text
    assert "Mean 851" in text
    assert "1 x no number came." in text
    assert "1 x above the limit of 1200 degC." in text
    assert text.count("Gap: ") == 2  # before the first, and the minute in the middle


def test_every_reading_is_printed_as_csv(kiln: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(said("readings", kiln, "chamber", "--csv"))))
    assert len(rows) == 242
    assert (rows[0]["value"], rows[0]["raw"], rows[0]["quality"]) == ("", "1500.0", "bad")
    assert (rows[-1]["value"], rows[-1]["unit"], rows[-1]["raw unit"]) == ("852.0", "degC", "degC")
    assert datetime.fromisoformat(rows[-1]["at"]).tzinfo is not None


def test_the_picture_is_an_svg(kiln: Path, tmp_path: Path) -> None:
    to = tmp_path / "chamber.svg"
    said("readings", kiln, "chamber", "--since", "10 min", "--picture", to)
    text = to.read_text()
    assert text.startswith("<svg")
    assert "240 readings" not in text
    assert "1 reading left out, 2 gaps" in text


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["pressure"], "no sensor 'pressure' (it has: chamber, humidity)"),
        (["humidity"], "Nothing has come of sensor 'humidity' yet"),
        (["chamber", "--since", "yesterday"], "is no time. Write how long ago"),
        (["--csv"], "need a sensor"),
        (["chamber", "--trial", "7"], "no trial 7"),
    ],
)
def test_what_cannot_be_shown_is_said(words: list[str], reason: str, kiln: Path) -> None:
    assert reason in refused("readings", kiln, *words)


def test_a_trial_knows_the_readings_of_its_time(kiln: Path) -> None:
    """It is handed out now and told at once: what came before does not belong to it."""
    said("propose", kiln, "temperature=700")
    ledger = open_the_ledger(Place(file=kiln), clock=SystemClock())
    with gathering(ledger, read_campaign(kiln), clock=SystemClock()) as gateway:
        during = Reading(name="chamber", at=datetime.now(UTC), value=700.5)
        assert gateway.recorder.take("furnace", [during])
    ledger.close()
    said("tell", kiln, "1", "length=5")
    text = said("readings", kiln, "chamber", "--trial", "1")
    assert "1 readings came, 1 of them count." in text
    assert "Mean 700.5" in text
