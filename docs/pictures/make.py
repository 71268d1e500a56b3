"""Makes the pictures of README and docs anew: ``python docs/pictures/make.py [CAMPAIGN ...]``.

Runs the campaigns of ``campaigns/`` in a temporary folder, so the pictures show what the program
does, not what was once drawn. The same software and seed give the same pictures.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from planner.ledger.replay import CampaignState
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work, looking_at
from planner.loop.sessions.session import Session
from planner.loop.steps.inline import run_inline
from planner.pictures import draw_progress
from planner.pictures.curves import Curves, Line, draw_curves
from planner.report import HISTORY, gather
from planner.report.pictures import make_progress
from planner.trials import Curve, Trial, TrialState
from planner.whatif import answer, draw

HERE = Path(__file__).resolve().parent
CAMPAIGNS = HERE.parent.parent / "campaigns"
N_BEST = 3

Drawing = Callable[[Session, Place], str]


def main(names: list[str]) -> None:
    """Runs the named campaigns, or all that have a picture, and writes these beside this file."""
    for campaign in names or PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(CAMPAIGNS, folder, dirs_exist_ok=True)
            place = Place(file=Path(folder) / f"{campaign}.yaml")
            with at_work(place) as session, holding(session):
                run_inline(session)
            with looking_at(place) as session:
                for name, drawing in PICTURES[campaign].items():
                    write(name, drawing(session, place))


def progress(session: Session, place: Place) -> str:
    """Draws the best so far against the number of trials."""
    facts = gather(
        session.state,
        session.space,
        folder=place.folder,
        history=session.ledger.read(session.campaign, kinds=HISTORY),
        ledger_id=session.ledger.id,
    )
    return draw_progress(make_progress(facts))


def what_if(*question: str) -> Drawing:
    """Draws the answer to a question."""

    def drawn(session: Session, _: Place) -> str:
        return draw(answer(session.state, session.space, list(question)))

    return drawn


def best_spectra(session: Session, place: Place) -> str:
    """Draws the spectra of the best trials and the target."""
    target = np.loadtxt(place.folder / "gold_target.csv", delimiter=",", skiprows=1)
    best = sorted(done(session.state), key=lambda trial: measured(trial, "distance"))[:N_BEST]
    lines = []
    for trial in best:
        curve = measured(trial, "extinction")
        assert isinstance(curve, Curve)
        lines.append(Line(f"trial {trial.number}", np.array(curve.x), np.array(curve.y)))
    wanted = Line("target", target[:, 0], target[:, 1])
    return draw_curves(Curves("extinction", "OD", "wavelength", "nm", lines, wanted))


def best_programmes(session: Session, _: Place) -> str:
    """Draws the programmes of the trials with the largest surface."""
    profile = session.state.spec.profiles["furnace"]
    by_surface = sorted(
        done(session.state), key=lambda trial: measured(trial, "active_surface"), reverse=True
    )
    lines = []
    for trial in by_surface[:N_BEST]:
        table = profile.table(trial.configuration)
        label = f"trial {trial.number}: {measured(trial, 'active_surface'):.0f} m²/g"
        lines.append(Line(label, np.array(table.times), np.array(table.values)))
    return draw_curves(Curves("furnace", "degC", "time", "min", lines))


def done(state: CampaignState) -> list[Trial]:
    """Returns the trials that were completed."""
    return state.in_state(TrialState.COMPLETED)


def measured(trial: Trial, name: str) -> object:
    """Returns what was measured of a trial."""
    assert trial.observation is not None
    return trial.observation.outcomes[name].value


def write(name: str, svg: str) -> None:
    """Writes one picture on white, which a dark page needs."""
    on_white = re.sub(
        r"(<svg[^>]*>)", r'\1<rect width="100%" height="100%" fill="white"/>', svg, count=1
    )
    (HERE / f"{name}.svg").write_text(on_white + "\n", encoding="utf-8")


PICTURES: dict[str, dict[str, Drawing]] = {
    "fullerene_flow": {
        "progress": progress,
        "whatif": what_if("temperature=100:150:51", "reaction_time=14.2", "sultine_ratio=2.4"),
    },
    "solar_blend": {"solar_blend": progress},
    "furnace_ramp": {"furnace_ramp": best_programmes},
    "titania_phase": {
        "titania_phase": what_if(
            "temperature=600:800:41", "time=110", "thickness=200", "silica=3.5"
        ),
    },
    "gold_spectrum": {"gold_spectrum": best_spectra},
    "oven_now": {"oven_now": progress},
}


if __name__ == "__main__":
    main(sys.argv[1:])
