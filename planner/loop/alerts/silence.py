"""Silence: which devices at work do not answer, found by asking them.

A driver hears its devices every few seconds and writes down when. Between two stretches of a
campaign there is no driver; so a heartbeat that has grown old is no alarm yet. Whoever is about to
give one asks the device first, and what answers is written down as heard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime

from planner.campaign import CampaignSpec
from planner.clock import Clock
from planner.errors import PlannerError
from planner.labs import Lab
from planner.ledger import Ledger
from planner.ledger.beats import read_last_beats
from planner.ledger.devices import place_of
from planner.ledger.replay import CampaignState
from planner.loop.alerts.ages import Ages
from planner.loop.alerts.finding import Lost, busy_devices
from planner.loop.dispatch.hearing import Hearing

LOST_S = 10.0
ASKS_AFTER_S = 8.0  # a driver hears each of its devices every five to seven seconds


class Silence:
    """Finds devices that are lost; ``close`` it.

    Args:
        ledger: in which heartbeats are written down.
        clock: time.
        open_source: opens the source of a campaign, to ask its devices.
        is_patient: whether to wait for slow answers; otherwise a later call has them.
        on_message: hears why devices cannot be asked, in a sentence.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        clock: Clock,
        open_source: Callable[[CampaignSpec], Lab],
        is_patient: bool = False,
        on_message: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._open_source = open_source
        self._is_patient = is_patient
        self._on_message = on_message
        # what was heard in the future was heard by a clock that was set back since: ask
        self._ages = Ages(clock, ahead_s=math.inf)
        self._held = ExitStack()
        self._lab: Lab | None = None
        self._of = ""
        self._hearing: Hearing | None = None

    def find(self, state: CampaignState) -> dict[str, Lost]:
        """Returns the devices at work that were not heard for a while and do not answer now.

        Args:
            state: of the campaign.
        """
        beats = read_beats_of_busy(self._ledger, state)
        ages = self._ages.count(beats)
        if all(age_s < ASKS_AFTER_S for age_s in ages.values()):
            self._hearing = None  # what was silent long ago says nothing about the next time
            return {}
        silent = self._ask(state, beats)
        return find_lost(beats, ages, silent)

    def close(self) -> None:
        """Lets go of the devices."""
        self._held.close()
        self._lab = self._hearing = None

    def _ask(self, state: CampaignState, beats: Mapping[str, datetime]) -> frozenset[str]:
        source = state.spec.source
        try:
            lab = self._open(state)
        except PlannerError as error:
            self._on_message(
                f"Whether the devices of {source.name!r} are well cannot be asked here: "
                f"{' '.join(str(error).split())}"
            )
            # while a driver is at work it has listened
            is_driven = self._ledger.holder(source.name, what="device") is not None
            return frozenset(beats) if is_driven else frozenset()
        if self._hearing is None:
            self._hearing = Hearing(lab, source=source, clock=self._clock)
        return listen(self._ledger, self._hearing, source.name, is_patient=self._is_patient)

    def _open(self, state: CampaignState) -> Lab:
        """Returns the campaign's source, opened anew where its file was amended."""
        if self._lab is None or self._of != state.spec_digest:
            self.close()
            self._lab = self._open_source(state.spec)
            self._held.callback(self._lab.close)
            self._of = state.spec_digest
        return self._lab


def listen(ledger: Ledger, hearing: Hearing, source: str, *, is_patient: bool) -> frozenset[str]:
    """Asks the devices of a source how they are, and writes down which were heard.

    Args:
        ledger: in which heartbeats are written down.
        hearing: of the source.
        source: its name.
        is_patient: whether to wait for slow answers.

    Returns:
        Those that did not answer when they were asked last.
    """
    for device, beat in hearing.listen(is_patient=is_patient).items():
        ledger.note_heartbeat(source, beat, device=device)
    # a broker speaks for a device that is gone
    gone = {device for device, beat in hearing.heard.items() if beat.state == "offline"}
    return frozenset(place_of(source, device) for device in hearing.silent | gone)


def read_beats_of_busy(ledger: Ledger, state: CampaignState) -> dict[str, datetime]:
    """Returns when each device was heard last that has a trial under way, and was ever heard."""
    busy = busy_devices(state)
    beats = read_last_beats(ledger) if busy else {}
    return {device: at for device, at in beats.items() if device in busy}


def find_lost(
    beats: Mapping[str, datetime], ages: Mapping[str, float], silent: frozenset[str]
) -> dict[str, Lost]:
    """Returns those that were asked in vain, and not heard for a while.

    Args:
        beats: when each device at work was heard last.
        ages: how long ago that was, in seconds.
        silent: devices that did not answer when they were asked last.
    """
    return {
        device: Lost(heard_at=at, ago_s=ages[device])
        for device, at in beats.items()
        if device in silent and ages[device] > LOST_S
    }
