"""Serves a deployment with a schedule of 15 s on the shared server, until interrupted.

``python scheduled_program.py HOME FILE``: each flow run of the schedule adds a line to FILE.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from flows import quiet
from flows.server import server


def main() -> None:
    home, file = Path(sys.argv[1]), sys.argv[2]
    with (
        server(home, on_message=lambda text: None) as address,
        quiet.in_force(quiet.settings(home=home, api_url=address.api_url)),
    ):
        from scheduled_flow import tick

        tick.serve(
            name="often",
            interval=timedelta(seconds=15),
            limit=1,  # a loaded machine does not pile them up
            parameters={"file": file},
            print_starting_message=False,
        )


if __name__ == "__main__":
    main()
