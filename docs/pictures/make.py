"""Makes the pictures of README and docs anew: ``python docs/pictures/make.py``.

Runs ``campaigns/fullerene_flow.yaml`` in a temporary folder, so the pictures show what the program
does, not what was once drawn. The same software and seed give the same pictures.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from planner.loop.desk import Place, at_work, looking_at
from planner.loop.inline import run_inline
from planner.loop.keeper import holding
from planner.pictures import draw_progress
from planner.report import HISTORY, gather
from planner.report.pictures import make_progress
from planner.whatif import answer, draw

HERE = Path(__file__).resolve().parent
CAMPAIGN = HERE.parent.parent / "campaigns" / "fullerene_flow.yaml"
QUESTION = ["temperature=100:150:51", "reaction_time=14.2", "sultine_ratio=2.4"]


def main() -> None:
    """Runs the campaign and writes the pictures beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(shutil.copy(CAMPAIGN, folder))
        place = Place(file=file)
        with at_work(place) as session, holding(session):
            run_inline(session)
        with looking_at(place) as session:
            facts = gather(
                session.state,
                session.space,
                folder=place.folder,
                history=session.ledger.read(session.campaign, kinds=HISTORY),
                ledger_id=session.ledger.id,
            )
            write("progress", draw_progress(make_progress(facts)))
            write("whatif", draw(answer(session.state, session.space, QUESTION)))


def write(name: str, svg: str) -> None:
    """Writes one picture on white, which a dark page needs."""
    on_white = re.sub(
        r"(<svg[^>]*>)", r'\1<rect width="100%" height="100%" fill="white"/>', svg, count=1
    )
    (HERE / f"{name}.svg").write_text(on_white + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
