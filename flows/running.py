"""A campaign run through Prefect by a process that stays: ``planner run`` is its own supervisor.

It keeps the campaign's lease, and calls one flow run after the other; between them, while a machine
is at work, no flow run is open and the source is asked now and then. Prefect may fail at any time:
then the work goes on without being shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from flows import quiet
from flows.abandoned import close_abandoned
from flows.home import home_of
from flows.lending import Loan, lending
from flows.server import server
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting
from planner.loop.steps.outlook import has_work
from planner.loop.steps.sleeping import sleep_until
from planner.loop.steps.stretch import Limits, run_stretch

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0
PAUSE_FOR_NEWS_S = 0.5  # a driver's news ends it sooner
UNSHOWN = Limits(steps=500, still_s=30.0)  # then Prefect is tried again


def run_campaign(
    session: Session,
    *,
    file: Path,
    leave: threading.Event,
    on_message: Callable[[str], None],
    on_start: Callable[[], None] = lambda: None,
) -> Step:
    """Run a campaign through Prefect as far as machines can bring it.

    While the source is closed, or a machine is at work, no flow run is open.

    Args:
        session: under a lease.
        file: the campaign file; Prefect's home lies beside it.
        leave: ends the run after its step.
        on_message: hears sentences for the terminal.
        on_start: is called once the server is there and the work begins.

    Returns:
        The last step.

    Raises:
        LabUnavailable: the source was out of reach, or Prefect's server does not start.
        StaleWrite: another process has taken the campaign, or its file was amended.
    """
    threading.Thread(target=_import_ahead, name="import", daemon=True).start()
    home = home_of(file.parent)
    with (
        server(home, on_message=on_message) as address,
        quiet.in_force(quiet.settings(home=home, api_url=address.api_url)),
    ):
        from flows.asked import catch_up

        on_start()
        close_abandoned(file, session.campaign)  # we hold the lease, so they have no process
        # what was asked before this command was typed, and nobody was left to enter
        catch_up(session, file, is_at_rest=True, go="run again")
        said = ""
        while True:
            loan = Loan(session=session, leave=leave, on_message=on_message)
            step = _one_stretch(loan, file)
            if step.waiting in (Waiting.END, Waiting.PERSON) or leave.is_set():
                return step
            if step.waiting is Waiting.MACHINE:
                _wait_for_news(session, leave)
            elif step.waiting is Waiting.TIME and step.until is not None:
                if step.why != said:
                    on_message(f"{session.campaign} {step.why}.")
                    said = step.why
                sleep_until(session, step.until, is_asked_to_leave=leave.is_set)


def _import_ahead() -> None:
    """Import what the first step needs while the server starts."""
    import planner.loop.deciding.model
    import planner.report  # noqa: F401


def _one_stretch(loan: Loan, file: Path) -> Step:
    """Work through a stretch as a flow run, or without one where Prefect fails."""
    from prefect import tags

    from flows.asked import FLOW_NAME, catch_up
    from flows.campaign import stretch

    session = loan.session
    name = f"{session.campaign} from trial {session.state.next_trial}"
    kind = "simulated" if session.state.simulated else "real"
    shown = stretch.with_options(name=FLOW_NAME, flow_run_name=name)
    try:
        with lending(loan), tags(session.campaign, kind, session.state.spec.source.name):
            shown(
                file=str(file.resolve()),
                campaign=session.campaign,
                seed=session.state.seed,
                return_state=True,
            )
    except BaseException as trouble:
        if loan.error is None and not isinstance(trouble, Exception) and not _is_pause(trouble):
            raise  # Ctrl-C outside the work
        if _is_pause(trouble):  # Prefect does not take an end of what was suspended by force
            catch_up(session, file, is_at_rest=True)
        elif loan.error is None:
            _tell(loan, name)
    if loan.error is not None and not _is_pause(loan.error):
        raise loan.error
    if loan.step is None:
        # suspended in the pages, or never begun
        return run_stretch(session, limits=UNSHOWN, is_asked_to_leave=loan.leave.is_set)
    return loan.step


def _is_pause(error: BaseException) -> bool:
    from prefect.exceptions import Pause

    return isinstance(error, Pause)


def _tell(loan: Loan, name: str) -> None:
    if loan.step is None:
        loan.on_message(
            f"Prefect could not start the flow run '{name}' (server.log in the folder .prefect "
            f"says why); going on without it. Its pages miss this part; the ledger has it."
        )
    else:
        loan.on_message(
            f"Prefect could not record the end of '{name}' (was its database deleted?); the "
            f"ledger has everything."
        )


def _wait_for_news(session: Session, leave: threading.Event) -> None:
    """Return when a step would move something, or when asked to leave."""
    pause_s = FIRST_PAUSE_S
    while not leave.is_set():
        if session.driver is not None:
            session.wait_s(PAUSE_FOR_NEWS_S)
        elif leave.wait(pause_s):
            return
        if has_work(session):
            return
        pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
