"""Why a model chose a trial, and how well it was searched for, as the ledger keeps both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.portrait import describe
from planner.acquisition.explaining import Explanation
from planner.ledger.entries import RECORDS, TrialProposed
from planner.ledger.replay import CampaignState
from planner.loop.deciding.explaining import explain_each, why_of
from planner.loop.deciding.propose import decide
from planner.loop.deciding.why_words import trial_table, why_in_words
from planner.loop.sessions.session import Session
from planner.loop.steps.inline import run_inline
from planner.space import Configuration, SearchSpace
from planner.trials import Effect, Proposal, Why
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.deciding.test_forecasting import in_few_steps, on_the_hill
from tests.loop.scripted_lab import ScriptedLab
from tests.report.campaigns import at, make_spec, measured


def run_once(make_session: MakeSession, *, policy: str = "start: 3") -> Session:
    text = in_few_steps(campaign_text(policy=policy))
    session = make_session(ScriptedLab(on_the_hill), text=text)
    run_inline(session)
    return session


def explained(
    state: CampaignState,
    space: SearchSpace,
    configurations: list[Configuration],
    numbers: list[int] | None = None,
) -> list[Explanation]:
    found = explain_each(state, space, configurations, numbers=numbers)
    assert isinstance(found, list)
    return found


def test_every_proposal_of_a_model_has_it_and_no_other_has(make_session: MakeSession) -> None:
    state = run_once(make_session).state

    origins = {trial.number: trial.proposal.origin for trial in state.trials.values()}
    assert set(origins.values()) == {"start", "model"}
    for trial in state.trials.values():
        why, search = trial.proposal.why, trial.proposal.search
        assert (why is not None) == (search is not None) == (trial.proposal.origin == "model")
        if why is None or search is None:
            continue
        assert set(why.effects) == set(trial.configuration)
        assert why_in_words(why, state.spec) in trial.proposal.reason
        assert search.n_scored == 99 - (trial.number - 1)  # all of a grid of 11 by 9 that is left
        assert all(0 <= each.sd_after <= each.sd for each in why.effects.values())


def test_it_comes_back_from_the_ledger_as_it_was(make_session: MakeSession) -> None:
    session = run_once(make_session)

    stored = [
        entry.record
        for entry in session.ledger.read(session.campaign)
        if isinstance(entry.record, TrialProposed)
    ]

    assert any(each.proposal.why is not None for each in stored)
    for record in stored:
        assert record.proposal == session.state.trial(record.trial).proposal
        assert RECORDS.validate_json(RECORDS.dump_json(record)) == record


def test_the_figures_are_those_of_a_closer_look_within_what_they_say(
    make_session: MakeSession,
) -> None:
    """Six standard errors of the quick look and its rounding, for the few figures compared."""
    session = run_once(make_session)
    (pick,) = decide(session.state, session.space, q=1).picks
    why = pick.proposal.why
    assert why is not None

    (closer,) = explained(session.state, session.space, [pick.configuration])

    assert why.promise == closer.mode
    total = why.base + sum(each.adds for each in why.effects.values())
    assert total == pytest.approx(closer.mean, rel=1e-3)
    for part in closer.parts:
        quick = why.effects[part.parameter]
        allowed = 6 * (quick.error + part.effect.error) + 1e-3 * abs(quick.adds)
        assert abs(quick.adds - part.effect.adds) <= allowed
        assert quick.sd == pytest.approx(part.effect.sd, rel=1.0)


def test_what_is_locked_is_compared_with_the_whole_space(make_session: MakeSession) -> None:
    """A lock leaves one value of a parameter, which is still apart from the average one."""
    session = run_once(make_session)
    best = max(
        session.state.observations, key=lambda each: float(str(each.outcomes["yield"].value))
    )
    name, value = next(iter(best.configuration.items()))
    part = session.space.restricted({name: value})

    (pick,) = decide(session.state, part, q=1, whole=session.space).picks
    (closer,) = explained(session.state, session.space, [pick.configuration])
    (alone,) = decide(session.state, part, q=1).picks

    assert pick.configuration == alone.configuration
    why, within = pick.proposal.why, alone.proposal.why
    assert why is not None
    assert within is not None
    assert abs(why.effects[name].adds) > 0
    assert within.effects[name].adds == 0  # of what is the same everywhere no rounding is left
    assert not within.effects[name].is_sure
    for found in closer.parts:
        quick = why.effects[found.parameter]
        allowed = 6 * (quick.error + found.effect.error) + 1e-3 * abs(quick.adds)
        assert abs(quick.adds - found.effect.adds) <= allowed


def test_the_same_ledger_gives_the_same_figures(make_session: MakeSession) -> None:
    session = run_once(make_session)

    first, again = (decide(session.state, session.space, q=1).picks[0] for _ in range(2))

    assert first.proposal.why == again.proposal.why


def test_a_draw_at_random_has_no_reason_but_chance(make_session: MakeSession) -> None:
    state = run_once(make_session, policy="acquisition: random").state

    assert {trial.proposal.origin for trial in state.trials.values()} == {"random"}
    assert {trial.proposal.why for trial in state.trials.values()} == {None}


def test_it_takes_a_hundred_bytes_a_parameter(make_session: MakeSession) -> None:
    """With 10,000 trials of six parameters that is some ten megabytes, a model's memo is thrice."""
    state = run_once(make_session).state
    proposal = state.trial(state.trials.last).proposal

    def size(part: Proposal) -> int:
        return len(
            RECORDS.dump_json(
                TrialProposed(trial=1, configuration={}, proposal=part, source=None, handed=False)
            )
        )

    bare = replace(proposal, why=None)
    assert proposal.why is not None
    assert size(proposal) - size(bare) < 60 + 120 * len(proposal.why.effects)


def test_the_words_name_what_moves_the_prediction_and_what_a_run_tells(
    make_session: MakeSession,
) -> None:
    spec = run_once(make_session).state.spec
    effects = {
        "flow": Effect(adds=-3.0, sd=1.0, sd_before=1.0, sd_after=0.9, error=0.0, settled=0.01),
        "temperature": Effect(
            adds=1.0, sd=2.6, sd_before=2.5, sd_after=1.2, error=0.0, settled=0.31
        ),
    }

    why = Why(promise="explores", base=40.0, effects=effects)
    said = why_in_words(why, spec)

    assert said == (
        "What sets it apart from an average setting, where 40 percent is predicted: flow "
        "(\u22123 ± 1 percent); a run there tells most about temperature: its effect is known to "
        "± 2.5 percent before and ± 1.2 percent after; what it settles most over the whole space "
        "is temperature (31 % of what is unknown of it)."
    )
    in_a_batch = why_in_words(replace(why, n_before=3), spec)
    assert in_a_batch.endswith(
        "after the 3 trials before it a run there tells most about temperature: its effect is "
        "known to ± 2.5 percent before and ± 1.2 percent after; what it settles most over the "
        "whole space is temperature (31 % of what the 3 trials before it leave unknown of it)."
    )


def test_of_a_batch_each_is_said_to_settle_what_those_before_it_leave(
    make_session: MakeSession,
) -> None:
    session = run_once(make_session)
    state, space = session.state, session.space

    batch = decide(state, space, q=3).picks

    whys = [pick.proposal.why for pick in batch]
    assert [why and why.n_before for why in whys] == [0, 1, 2]
    first, _, third = (why for why in whys if why is not None)
    for name in first.effects:
        assert first.effects[name].sd_before == first.effects[name].sd
    assert any(each.sd_before < each.sd for each in third.effects.values())
    assert "after the 2 trials before it a run there tells most about" in batch[2].proposal.reason


def test_of_a_trial_under_way_those_before_it_count_and_of_another_setting_all() -> None:
    diary = measured(make_spec(), [31.0, 42.0, 38.0, 55.0, 47.0])
    under_way = [at(700.0, 2.0, "Ni"), at(720.0, 2.2, "Ni"), at(720.0, 2.2, "Ni")]
    [alone] = explained(diary.state, diary.open_space, under_way[1:2])
    for number, settings in enumerate(under_way, start=6):
        diary.propose(number, settings)
        diary.start(number)

    state, space = diary.state, diary.open_space
    found = explained(state, space, under_way, numbers=[6, 7, 8])
    [other] = explained(state, space, [at(860.0, 4.8, "Co")])

    # the third repeats the second, and comes after it all the same
    assert [each.n_before for each in (*found, other)] == [0, 1, 2, 3]
    assert all(part.effect.sd_before == part.effect.sd for part in found[0].parts)
    # the one before it lies beside it, so less is left for it to settle than by itself
    by_itself, second, third = (
        max(part.effect.settled for part in each.parts) for each in (alone, found[1], found[2])
    )
    assert third < second < by_itself
    assert why_of(other).n_before == 3


def test_the_table_has_a_line_a_parameter_and_one_on_the_search(make_session: MakeSession) -> None:
    state = run_once(make_session).state

    last = state.trial(state.trials.last)
    lines = trial_table(last, state.spec)

    assert last.proposal.why is not None
    assert lines[0].split() == ["value", "adds", "after", "a", "run", "a", "run", "settles"]
    assert [line.split()[0] for line in lines[1:3]] == [*last.proposal.why.effects]
    assert lines[3].startswith("All ")
    assert trial_table(state.trial(1), state.spec) == []


def test_the_page_of_a_campaign_says_why_its_open_trials_are_tried(
    make_session: MakeSession,
) -> None:
    session = run_once(make_session, policy="approval: person")
    (waiting,) = session.state.open_trials

    page = describe(session.state)

    assert f"**Trial {waiting.number}** (awaiting approval): {waiting.proposal.reason}" in page
