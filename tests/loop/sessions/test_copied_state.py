"""A state that is copied is folded apart from the one that it was copied from."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from planner.ledger.entries import Noted
from planner.ledger.replay import CampaignState, replay
from planner.loop.steps.advance import advance
from planner.trials import TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done


def content(state: CampaignState) -> dict[str, object]:
    held = {each.name: getattr(state, each.name) for each in fields(state)}
    return held | {"trials": dict(state.trials), "pending": state.pending}


@pytest.fixture(autouse=True)
def _packs_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.ledger.packed_trials.IN_A_BLOCK", 2)
    monkeypatch.setattr("planner.ledger.trial_index._KEPT", 1)


def test_it_is_what_a_replay_would_give_and_goes_on_by_itself(make_session: MakeSession) -> None:
    lab = ScriptedLab(lambda order, _: done(order, **{"yield": 50.0}))
    text = campaign_text(budget="trials: 12", policy="acquisition: random")
    session = make_session(lab, text=text)
    while len(session.state.in_state(TrialState.COMPLETED)) < 7:
        advance(session)
    copied = session.state.copy()
    again = replay(session.ledger.read(session.campaign))
    assert again is not None
    assert content(copied) == content(session.state) == content(again)

    before = content(session.state.copy())
    other = replace(session, state=copied)
    while copied.stopped is None:
        advance(other)
    other.write([Noted(text="a smell of almonds", trial=3)])
    assert content(session.state) == before
    assert content(copied) != before
    assert content(session.refresh()) == content(copied)
