"""Who acts for a campaign."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest
from ledger_records import CAMPAIGN, begin

from planner.clock import ManualClock
from planner.errors import HeldByAnother, StaleWrite, UnknownName
from planner.ledger import Holder, Ledger, this_process
from planner.ledger.entries import CampaignTaken
from planner.ledger.leases import is_provably_dead

ELSEWHERE = Holder(host="lab-2", pid=41, boot_id="b", process_started=7.5)


def test_taking_raises_the_epoch_and_is_an_entry(ledger: Ledger, clock: ManualClock) -> None:
    begin(ledger)
    first, second = ledger.take(CAMPAIGN), ledger.take(CAMPAIGN)
    assert (first.epoch, second.epoch) == (1, 2)
    assert first.holder == this_process()
    assert (first.expires_at - clock.now()).total_seconds() == 30
    records = [entry.record for entry in ledger.read(kinds={"campaign taken"})]
    assert records == [CampaignTaken(epoch=n, holder=this_process()) for n in (1, 2)]
    assert ledger.campaign_row(CAMPAIGN).epoch == 2


def test_a_held_campaign_says_who_holds_it(ledger: Ledger) -> None:
    begin(ledger)
    ledger.take(CAMPAIGN, holder=ELSEWHERE)
    with pytest.raises(HeldByAnother, match="process 41 on lab-2 since 2026-11-21 09:00:00 UTC"):
        ledger.take(CAMPAIGN)
    assert ledger.campaign_row(CAMPAIGN).epoch == 1


def test_a_lease_that_has_run_out_is_taken(ledger: Ledger, clock: ManualClock) -> None:
    begin(ledger)
    ledger.take(CAMPAIGN, holder=ELSEWHERE)
    clock.wait_s(29.9)
    with pytest.raises(HeldByAnother):
        ledger.take(CAMPAIGN)
    clock.wait_s(0.1)
    assert ledger.take(CAMPAIGN).epoch == 2


def test_a_renewed_lease_is_kept_and_leaves_no_entry(ledger: Ledger, clock: ManualClock) -> None:
    begin(ledger)
    lease = ledger.take(CAMPAIGN, holder=ELSEWHERE)
    n = len(list(ledger.read()))
    for _ in range(3):
        clock.wait_s(20)
        lease = ledger.renew(lease)
    with pytest.raises(HeldByAnother, match="until 09:01:30 UTC"):
        ledger.take(CAMPAIGN)
    assert len(list(ledger.read())) == n


def test_a_released_campaign_can_be_taken_at_once(ledger: Ledger) -> None:
    begin(ledger)
    ledger.release(ledger.take(CAMPAIGN, holder=ELSEWHERE))
    assert ledger.take(CAMPAIGN).epoch == 2


def test_what_was_released_is_free_by_a_clock_that_was_set_back(
    ledger: Ledger, clock: ManualClock
) -> None:
    """Its end must not lie ahead of a clock that was an hour fast when it was let go."""
    begin(ledger)
    clock.set(clock.now() + timedelta(hours=1))
    lease, device = ledger.take(CAMPAIGN, holder=ELSEWHERE), ledger.take_device("robot")
    ledger.release(lease)
    ledger.release(device)
    clock.set(clock.now() - timedelta(hours=1))
    assert ledger.holder("robot", what="device") is None
    assert (ledger.take(CAMPAIGN).epoch, ledger.take_device("robot").epoch) == (2, 2)


def test_who_has_lost_the_lease_cannot_renew_and_releases_nothing(
    ledger: Ledger, clock: ManualClock
) -> None:
    begin(ledger)
    lost = ledger.take(CAMPAIGN)
    clock.wait_s(31)
    ledger.take(CAMPAIGN, holder=ELSEWHERE)
    with pytest.raises(StaleWrite, match=r"taken by process 41 on lab-2.*must stop acting"):
        ledger.renew(lost)
    ledger.release(lost)
    with pytest.raises(HeldByAnother):
        ledger.take(CAMPAIGN)


def test_a_campaign_that_is_not_there_cannot_be_taken(ledger: Ledger) -> None:
    with pytest.raises(UnknownName):
        ledger.take(CAMPAIGN)


def test_the_lease_of_a_killed_process_is_taken_at_once(ledger: Ledger) -> None:
    begin(ledger)
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = psutil.Process(process.pid).create_time() - psutil.boot_time()
        holder = replace(this_process(), pid=process.pid, process_started=started)
        ledger.take(CAMPAIGN, holder=holder)
        with pytest.raises(HeldByAnother, match=f"process {process.pid} on"):
            ledger.take(CAMPAIGN)
        process.kill()
    assert ledger.take(CAMPAIGN).epoch == 2


def test_this_process_is_not_dead() -> None:
    assert not is_provably_dead(this_process(), seen_by=this_process())


@pytest.mark.parametrize(
    ("change", "is_dead"),
    [
        ({"process_started": 1.0}, True),
        ({"boot_id": "before the power cut"}, True),
        ({"pid": 2**22 + 1}, True),  # beyond Linux's highest process id
        ({"host": "lab-2", "boot_id": "another", "pid": 2**22 + 1}, False),
        ({"pid_namespace": "a container", "pid": 2**22 + 1}, False),
        ({"process_started": this_process().process_started + 0.5}, False),
    ],
)
def test_only_what_cannot_be_alive_is_provably_dead(
    change: dict[str, object], is_dead: bool
) -> None:
    holder = replace(this_process(), **change)  # type: ignore[arg-type]
    assert is_provably_dead(holder, seen_by=this_process()) is is_dead


def test_a_forked_child_is_another_process() -> None:
    parent = this_process()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, str(this_process().pid).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert int(os.read(reader, 20)) == pid != parent.pid
