"""Which families of models predict: in the report, its history, and what status says."""

from __future__ import annotations

from pathlib import Path

from planner.campaign import CampaignSpec
from planner.ledger.entries import ModelsCompared
from planner.loop.deciding.model import fit_surrogate
from planner.loop.deciding.predicting import describe_predicting
from planner.models import Surrogate
from planner.report import gather, make_page
from planner.report.events import HISTORY
from tests.report.campaigns import Diary, make_spec, measured

COMPARED = ModelsCompared(
    n=14,
    scores={"averaged_gp": -0.84, "warped_gp": -0.9},
    weights={"averaged_gp": 0.62, "warped_gp": 0.38},
    left_out={},
    words="Of 2 families compared averaged_gp predicted best.",
)


def said_of(spec: CampaignSpec, *compared: ModelsCompared) -> str:
    diary = Diary(spec)
    diary.write(*compared)
    return describe_predicting(diary.state)


def test_the_history_has_what_was_compared() -> None:
    diary = Diary(make_spec(family="auto"))
    diary.write(COMPARED)
    told = [entry for entry in diary.entries if entry.record.kind in HISTORY]
    facts = gather(diary.state, diary.space, folder=Path(), history=told)
    assert facts.events[-1].what == "of 2 families compared averaged_gp predicted best"


def test_status_names_the_families_that_decided_last() -> None:
    spec = make_spec(family="auto")
    assert said_of(spec) == ""
    assert said_of(spec, COMPARED) == (
        "averaged_gp 62 % and warped_gp 38 % (auto compared families on 14 results)"
    )


def test_status_names_the_family_of_the_file_or_the_one_that_took_over() -> None:
    assert said_of(make_spec(), COMPARED) == "gp, as the campaign file says"
    heir = ModelsCompared(
        n=6000,
        scores={},
        weights={"large_gp": 1.0},
        left_out={"gp": "it learns from at most 5,000 results"},
        words="large_gp decides: gp learns from at most 5,000 results.",
    )
    assert said_of(make_spec(), heir) == "large_gp decides: gp learns from at most 5,000 results"


def test_the_report_names_the_families_that_predict_in_it() -> None:
    values = [10.0, 30.0, 55.0, 80.0, 90.0, 70.0, 50.0, 20.0]
    diary = measured(make_spec(family="auto"), values)
    facts = gather(diary.state, diary.space, folder=Path())
    fitted = fit_surrogate(diary.state, diary.space)
    assert isinstance(fitted, Surrogate)
    assert fitted.comparison is not None
    for name, share in fitted.comparison.weights.items():
        assert f"{name} {100 * share:.0f} %" in facts.predicting
    assert "model: {family: gp}" in facts.predicting
    assert facts.predicting in make_page(facts).replace("\xa0", " ")


def test_the_report_names_the_family_of_the_file() -> None:
    diary = measured(make_spec(), [10.0, 30.0, 55.0])
    facts = gather(diary.state, diary.space, folder=Path())
    assert facts.predicting.startswith("The model is gp, as the campaign file says. Another can")
