"""Data frames out and in."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.errors import InputError
from planner.loop.exchange import import_rows
from planner.loop.exchange.frames import make_frame, rows_of
from planner.loop.sessions.session import Session
from planner.loop.steps.inline import run_inline
from tests.loop.conftest import MakeSession
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import on_the_hill


def import_frame(session: Session, frame: pd.DataFrame) -> None:
    rows = rows_of(frame, session.state.spec)
    import_rows(session, rows, source="old notebook", origin="test")


def test_a_frame_holds_every_trial_with_what_was_predicted_and_measured(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    run_inline(session)
    frame = make_frame(session.state)
    assert list(frame["trial"]) == [1, 2, 3, 4, 5, 6]
    for row, trial in zip(frame.to_dict("records"), session.state.trials.values(), strict=True):
        assert row["temperature"] == trial.configuration["temperature"]
        assert row["yield"] == trial.observation.outcomes["yield"].value
    assert frame["predicted mean"].notna()[3:].all()


def test_exported_trials_come_back_as_the_same_measurements(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    run_inline(session)
    other = make_session(ScriptedLab(on_the_hill), ledger="other.db")
    import_frame(other, make_frame(session.state))
    before = [(o.configuration, o.outcomes) for o in session.state.observations]
    after = [(o.configuration, o.outcomes) for o in other.state.observations]
    assert before == after


def test_units_stand_in_the_header_and_are_converted(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    import_frame(
        session,
        pd.DataFrame(
            {"temperature (K)": [393.15], "flow": [2.0], "yield [1]": [0.5], "yield sd": [0.01]}
        ),
    )
    seen = session.state.observations[0]
    assert seen.configuration["temperature"] == pytest.approx(120.0)
    assert seen.outcomes["yield"].value == pytest.approx(50.0)
    assert seen.outcomes["yield"].sd == pytest.approx(1.0)


def test_all_bad_rows_are_named_at_once_and_none_is_imported(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    frame = pd.DataFrame(
        {"temperature": [120, None, 130], "flow": [2, 2, 3], "yield": [5.0, 6.0, 400.0]}
    )
    with pytest.raises(InputError, match=r"(?s)2 rows.*row 2.*temperature.*row 3.*400"):
        import_frame(session, frame)
    assert not session.state.imported


def test_a_missing_column_is_named(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    with pytest.raises(InputError, match="flow"):
        import_frame(session, pd.DataFrame({"temperature": [120], "yield": [5.0]}))


def test_imported_measurements_fill_part_of_the_start(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    frame = pd.DataFrame(
        {"temperature": [110, 120, 140], "flow": [2, 3, 4], "yield": [40.0, 80.0, 20.0]}
    )
    import_frame(session, frame)
    run_inline(session)
    assert session.state.trials[1].proposal.origin == "model"
