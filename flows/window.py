"""The window of a stretch into Prefect's pages, and what people ask there.

The work never depends on it: what cannot be shown is left out, and tried again a minute later.
"""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import UUID

import httpx
from prefect.artifacts import Artifact, MarkdownArtifact, ProgressArtifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException

from flows.asked import ASKING_S, act_in, briefly, enter, without_patience
from flows.portrait import describe, say_standing, share_done
from planner.loop.sessions.session import Session

EVERY_S = 10.0
AFTER_TROUBLE_S = 60.0
TASKS_PER_S = 20.0  # Prefect's server writes 25 to 30 a second; more only queue up in its memory
MOST_AT_ONCE = 200.0

_TROUBLE = (httpx.HTTPError, PrefectException)


class Window:
    """Shows how a campaign goes, at most every ten seconds; made inside a flow run.

    Args:
        session: whose campaign.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next_look = time.monotonic() + EVERY_S
        self._next_question = time.monotonic() + ASKING_S
        self._allowance = MOST_AT_ONCE
        self._allowed_at = time.monotonic()
        self._known: dict[str, UUID] = {}
        self.n_not_shown = 0
        self.asked = ""

    def admits_task(self) -> bool:
        """Tell whether the server can take one more task run; if not, the step goes unshown."""
        now = time.monotonic()
        earned = (now - self._allowed_at) * TASKS_PER_S
        self._allowance = min(MOST_AT_ONCE, self._allowance + earned)
        self._allowed_at = now
        if self._allowance < 1.0:
            self.n_not_shown += 1
            return False
        self._allowance -= 1.0
        return True

    def look(self) -> None:
        """Show how it goes, and see what was asked in the pages; at once if it is not time yet."""
        if time.monotonic() >= self._next_question:
            self.heed()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + EVERY_S
            self.show()

    def heed(self) -> None:
        """See what was asked of this flow run in the pages, and enter it in the ledger.

        ``asked`` is the word for it from then on; the stretch is to end then.
        """
        if self.asked:
            return
        run = _own_run()
        self._next_question = time.monotonic() + (ASKING_S if run else EVERY_S)
        act = None if run is None else act_in(run)
        if act is not None:
            enter(self._session, act)
            self.asked = act.word

    def show(self) -> None:
        """Show the state of the campaign now."""
        state = self._session.state
        name = re.sub(r"[^a-z0-9]+", "-", state.campaign.lower()).strip("-")
        said = say_standing(state)
        try:
            with briefly() as client:
                self._put(
                    client,
                    ProgressArtifact(
                        key=f"{name}-progress", description=said, progress=share_done(state)
                    ),
                )
                page = MarkdownArtifact(
                    key=f"{name}-trials", description=said, markdown=describe(state)
                )
                self._put(client, page)
        except _TROUBLE:
            # the database may have been deleted: then these are unknown there
            self._known.clear()
            self._next_look = time.monotonic() + AFTER_TROUBLE_S

    def _put(self, client: SyncPrefectClient, artifact: Artifact) -> None:
        """Create an artifact, or bring the one of this flow run up to date."""
        assert artifact.key is not None
        known = self._known.get(artifact.key)
        if known is None:
            created: Any = artifact.create(_sync=True)  # type: ignore[call-arg]
            self._known[artifact.key] = created.id
            return
        data: Any = artifact.format(_sync=True)  # type: ignore[call-arg]
        client.update_artifact(known, ArtifactUpdate(data=data, description=artifact.description))


def _own_run() -> FlowRun | None:
    """Return what the server has of this flow run; ``None`` if it does not tell."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    # to make a client takes longer than to ask; of a flow that is no coroutine it is this kind
    assert isinstance(context.client, SyncPrefectClient)
    try:
        with without_patience():
            return context.client.read_flow_run(context.flow_run.id)
    except _TROUBLE:
        return None
