"""That another model decides than before is in the ledger, once, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from planner.campaign import CampaignSpec
from planner.ledger.entries import ModelsCompared, TrialProposed
from planner.loop.deciding.propose import decide
from planner.models import FAMILIES, Family, families
from tests.report.campaigns import Diary, at, make_spec


def spec_of(family: str) -> CampaignSpec:
    spec = make_spec()
    return spec.model_copy(update={"model": spec.model.model_copy(update={"family": family})})


def remembered(spec: CampaignSpec, n: int) -> Diary:
    """A campaign that knows n results from before."""
    diary = Diary(spec)
    for number in range(n):
        place = at(600.0 + 300.0 * number / n, 1.0 + 4.0 * (7 * number % n) / n)
        diary.remember(place, 50.0 + number % 7 + 0.01 * number)
    return diary


def ask(diary: Diary) -> list[ModelsCompared]:
    """Asks once, writes what is proposed and found, and returns what was found of models."""
    chosen = decide(diary.state, diary.space, q=1)
    number = diary.state.next_trial
    diary.write(*chosen.findings)
    [pick] = chosen.picks
    diary.write(
        TrialProposed(
            trial=number, configuration=pick.configuration, proposal=pick.proposal, source="bench"
        )
    )
    return [each for each in chosen.findings if isinstance(each, ModelsCompared)]


def test_a_named_family_that_hands_over_says_so_once() -> None:
    diary = remembered(spec_of("saas_gp"), 201)

    [record] = ask(diary)
    diary.remember(at(777.0), 51.0)
    again = ask(diary)

    assert record.weights == {"averaged_gp": 1.0}
    assert record.words == "averaged_gp decides: saas_gp learns from at most 200 results."
    assert record.n == 201
    assert diary.state.comparisons == [record]
    assert again == []


def test_a_named_family_that_decides_itself_says_nothing() -> None:
    assert ask(remembered(spec_of("gp"), 20)) == []


def quick(most: int) -> Mapping[str, Family]:
    """The plain process up to so many results, and a plain one that stands for the large one."""
    plain = FAMILIES["gp"].fit
    return MappingProxyType(
        {
            "gp": Family(name="gp", fit=plain, quick_to=most),
            "large_gp": Family(name="large_gp", fit=plain),
        }
    )


def test_that_the_large_process_takes_over_is_written_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "QUICK", quick(most=255))
    diary = remembered(spec_of("auto"), 256)

    [record] = ask(diary)
    diary.remember(at(777.0), 51.0)
    again = ask(diary)

    assert record.weights == {"large_gp": 1.0}
    assert record.scores == {}
    assert "gp" in record.left_out
    assert record.words.startswith("large_gp decides: past 255 results")
    assert diary.state.comparisons == [record]
    assert again == []


def test_few_results_are_nothing_to_write_down() -> None:
    assert ask(remembered(spec_of("auto"), 7)) == []
