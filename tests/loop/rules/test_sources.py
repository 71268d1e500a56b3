"""A source as it is: money, stock, hours, places, devices, maintenance, analyses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from planner.clock import ManualClock
from planner.errors import InputError, Refused, UnknownName
from planner.labs import Answer, Order, PersonLab, Reported
from planner.loop import people
from planner.loop.dispatch.service import set_service
from planner.loop.rules.budget import cost_so_far
from planner.loop.rules.stock import count_stock, stock_left
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.inline import run_inline
from planner.loop.steps.outlook import has_work
from planner.loop.steps.stretch import run_stretch
from planner.trials import TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done, failed

FOREVER = 10**9


def fifty(order: Order, _: int) -> Answer:
    return done(order, **{"yield": 50.0 + order.parameters["flow"].value})  # type: ignore[operator]


def text(source: str, *, budget: str = "trials: 6", **more: str) -> str:
    return campaign_text(source=source, budget=budget, **more)


# Money


def test_a_budget_of_three_tenths_pays_for_three_trials_of_one_tenth(
    make_session: MakeSession,
) -> None:
    """In doubles 0.3 - 0.1 - 0.1 - 0.1 is below 0, and 0.3 / 0.1 below 3."""
    session = make_session(ScriptedLab(fifty), text=text("cost: 0.1", budget="cost: 0.3 EUR"))
    assert run_inline(session).waiting is Waiting.END
    assert len(session.state.trials) == 3
    assert cost_so_far(session.state) == Decimal("0.3")


def test_what_the_rest_of_the_money_does_not_pay_for_is_not_proposed_and_cheaper_ones_are(
    make_session: MakeSession,
) -> None:
    """Trials cost 1 to 5; the spread over the space alone would overrun 10."""
    session = make_session(ScriptedLab(fifty), text=text("cost: flow", budget="cost: 10"))
    step = run_inline(session)
    assert step.waiting is Waiting.END
    costs = [Decimal(str(t.configuration["flow"])) for t in session.state.trials.values()]
    assert sum(costs) == cost_so_far(session.state) <= 10
    assert 10 - sum(costs) < 1  # so that no further trial was possible
    assert "does not suffice for any trial" in step.why
    last = session.state.trial(len(costs)).proposal.reason
    assert "Chosen from what the" in last


def test_another_run_that_the_money_does_not_pay_for_holds_the_trial(
    make_session: MakeSession,
) -> None:
    def fails_first(order: Order, n: int) -> Answer:
        return failed(order, "the pump stalled") if n == 0 else fifty(order, n)

    source = "cost: 2, retries: 1"
    session = make_session(ScriptedLab(fails_first), text=text(source, budget="cost: 3"))
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "its run costs 2 and 1 of the budget are left" in step.why
    assert session.state.trial(1).state is TrialState.HELD
    assert not has_work(session)
    assert people.abort(session, 1, reason="too dear") is TrialState.ABORTED
    assert run_inline(session).waiting is Waiting.END


def test_a_person_is_not_given_more_than_the_money_pays_for(make_session: MakeSession) -> None:
    session = make_session(PersonLab(), text=text("cost: flow", budget="cost: 6"))
    with pytest.raises(Refused, match=r"6 of the budget suffices for \d of the 5 trials .* Ask"):
        people.ask(session, 5)
    assert not session.state.trials


# Stock


STOCK = "consumables: {precursor: {stock: 10 g, unit: g, use: flow}}"


def test_where_the_stock_ends_the_campaign_waits_and_goes_on_once_it_is_filled_up(
    make_session: MakeSession,
) -> None:
    session = make_session(ScriptedLab(fifty), text=text(STOCK, budget="trials: 9"))
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "of precursor does not suffice for any trial" in step.why
    assert "planner stock FILE precursor=" in step.why
    assert 0 <= stock_left(session.state)["precursor"] < 1
    assert not has_work(session)
    n = len(session.state.trials)
    said = count_stock(session, {"precursor": "50000 mg"}, reason="a new bottle")
    assert said[0].startswith("precursor: 50 g left of 50 g")
    assert has_work(session)
    assert run_inline(session).waiting is Waiting.END
    assert n < 9 == len(session.state.trials)


def test_a_trial_that_the_counted_stock_does_not_suffice_for_is_held_and_then_goes_on(
    make_session: MakeSession,
) -> None:
    source = f"capacity: 3, {STOCK.replace('use: flow', 'use: 3')}"
    lab = ScriptedLab(fifty)
    session = make_session(lab, text=text(source, policy="start: 3, approval: person"))
    run_inline(session)
    count_stock(session, {"precursor": "4"}, reason="spilled")
    people.approve(session, [1, 2])
    assert "trial 2 is held: it needs 3 g of precursor" in run_inline(session).why
    assert [len(session.state.trial(k).runs) for k in (1, 2, 3)] == [1, 0, 0]
    count_stock(session, {"precursor": "40"}, reason="a new bottle")
    run_inline(session)
    assert session.state.trial(2).state is TrialState.COMPLETED
    assert stock_left(session.state)["precursor"] == 40 - 3 - 3 * 3  # trial 2; three others reserve


def test_what_a_held_trial_lacks_is_said_as_it_is_now(make_session: MakeSession) -> None:
    """Held for stock, then there is enough of that, and not of the money for its second run."""

    def fails_first(order: Order, n: int) -> Answer:
        return failed(order, "the pump stalled") if n == 0 else fifty(order, n)

    source = f"cost: 2, retries: 1, {STOCK.replace('use: flow', 'use: 6')}"
    session = make_session(ScriptedLab(fails_first), text=text(source, budget="cost: 3"))
    assert "its run costs 2 and 1 of the budget are left" in (why := run_inline(session).why)
    assert "it needs 6 g of precursor and 4 g are left" in why
    count_stock(session, {"precursor": "50"}, reason="a new bottle")
    why = run_inline(session).why
    assert "its run costs 2 and 1 of the budget are left" in why
    assert "precursor" not in why


def test_what_a_trial_had_used_when_the_stock_was_counted_is_not_taken_off_again(
    make_session: MakeSession,
) -> None:
    source = f"retries: 1, {STOCK.replace('use: flow', 'use: 3')}"

    def fails_first(order: Order, n: int) -> Answer:
        return failed(order, "the pump stalled") if n == 0 else fifty(order, n)

    session = make_session(
        ScriptedLab(fails_first), text=text(source, budget="trials: 1", policy="start: 1")
    )
    for _ in range(2):  # proposed, dispatched, failed; the second run is still to come
        advance(session)
        if session.state.trial(1).runs:
            break
    assert stock_left(session.state)["precursor"] == 10 - 3 - 3
    count_stock(session, {"precursor": "7"}, reason="counted")
    assert stock_left(session.state)["precursor"] == 7 - 3
    run_inline(session)
    assert stock_left(session.state)["precursor"] == 7 - 3


@pytest.mark.parametrize(
    ("amounts", "error", "says"),
    [
        ({"precursor": "80 mL"}, InputError, "precursor"),
        ({"precursor": "-1"}, InputError, "0 or more"),
        ({"precursor": "much"}, InputError, "precursor"),
        ({"argon": "3"}, UnknownName, "It has precursor"),
        ({"precursor": "5", "argon": "3"}, UnknownName, "argon"),
    ],
)
def test_a_stock_that_cannot_be_is_refused_and_nothing_is_entered(
    make_session: MakeSession, amounts: dict[str, str], error: type[Exception], says: str
) -> None:
    session = make_session(PersonLab(), text=text(STOCK))
    with pytest.raises(error, match=says):
        count_stock(session, amounts, reason="counted")
    assert stock_left(session.state)["precursor"] == 10


def test_a_person_is_not_given_more_than_the_stock_suffices_for(make_session: MakeSession) -> None:
    session = make_session(PersonLab(), text=text(STOCK.replace("use: flow", "use: 3")))
    with pytest.raises(Refused, match="10 g of precursor suffices for 3 more trials, not 4"):
        people.ask(session, 4)
    assert len(people.ask(session, 3)) == 3
    with pytest.raises(Refused, match="1 g of precursor suffices for 0 more"):
        people.ask(session, 1)
    own = {"temperature": Reported(value=120.0), "flow": Reported(value=2.0)}
    with pytest.raises(Refused, match="It takes 3 g, and 1 g of precursor is left"):
        people.propose(session, own, by_hand=True)


# Hours


NIGHTS = "duration: 4 h, hours: 'Mon-Fri 18:00-06:00', time_zone: UTC"  # the clock starts Mon 08:00


def test_nothing_is_dispatched_that_does_not_end_before_the_source_closes(
    make_session: MakeSession, clock: ManualClock
) -> None:
    brief = "duration: 4 min, hours: 'Mon-Fri 18:00-18:12', time_zone: UTC"
    session = make_session(Ticking(clock, minutes=4), text=text(brief, budget="trials: 4"))
    said: list[str] = []
    assert run_inline(session, on_message=said.append).waiting is Waiting.END
    begun = [trial.run.opened_at for trial in session.state.trials.values() if trial.run]
    # three trials of 4 min fill the 12 min of a window but for the moments between them
    assert [at.strftime("%a %H:%M") for at in begun] == [
        f"{day} 18:0{minute}" for day in ("Mon", "Tue") for minute in (0, 4)
    ]
    assert said == [
        f"bench waits until {day} 18:00 (opening hours of 'robot')." for day in ("Mon", "Tue")
    ]


def test_a_stretch_does_not_sit_through_the_hours_in_which_the_source_is_closed(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(fifty), text=text(NIGHTS))
    before = clock.now()
    step = run_stretch(session)
    assert (step.waiting, step.until) == (Waiting.TIME, datetime(2026, 1, 5, 18, tzinfo=UTC))
    assert clock.now() == before
    assert not session.state.trials  # what is chosen in the evening knows what came by day
    assert not has_work(session)
    clock.wait_s(10 * 3600.0)
    assert has_work(session)


def test_the_change_of_set_up_counts_in_the_time_that_a_trial_takes(
    make_session: MakeSession, clock: ManualClock
) -> None:
    source = NIGHTS.replace("4 h", "7 h") + ", set_up: {time: 6 h, parameters: [temperature]}"
    session = make_session(ScriptedLab(fifty), text=text(source))
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "takes 13 h, and source 'robot' is never open for so long" in step.why
    assert not session.state.trials


def test_asked_to_leave_while_the_source_is_closed_it_leaves(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(fifty), text=text(NIGHTS))
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    step = run_inline(session, is_asked_to_leave=lambda: clock.now() >= noon)
    assert step.waiting is Waiting.TIME
    assert clock.now() - noon < timedelta(seconds=1)


def test_the_time_of_the_budget_ends_a_campaign_whose_source_is_closed(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(fifty), text=text(NIGHTS, budget="time: 3 h"))
    assert run_inline(session).waiting is Waiting.END
    assert clock.now() == datetime(2026, 1, 5, 11, tzinfo=UTC)


def test_what_people_approve_is_proposed_while_the_source_is_closed(
    make_session: MakeSession,
) -> None:
    session = make_session(
        ScriptedLab(fifty), text=text(NIGHTS, policy="start: 3, approval: person")
    )
    assert run_inline(session).waiting is Waiting.PERSON
    people.approve(session, [1])
    assert run_stretch(session).waiting is Waiting.TIME
    assert not session.state.trial(1).runs


def test_a_person_is_given_what_fits_into_the_next_window(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(PersonLab(), text=text(f"capacity: 2, {NIGHTS}", budget="trials: 9"))
    with pytest.raises(Refused, match=r"Mon 18:00 to Tue 06:00; in that time 6 .* not 7.*Tue 18"):
        people.ask(session, 7)
    assert len(people.ask(session, 6)) == 6


def test_a_window_that_is_too_short_by_now_is_passed_over(
    make_session: MakeSession, clock: ManualClock
) -> None:
    by_hand = text(NIGHTS).replace("kind: adapter, adapter: none", "kind: person")
    session = make_session(PersonLab(), text=by_hand)
    clock.wait_s(19 * 3600.0)  # Tue 03:00: 3 h are left, and a trial takes 4 h
    with pytest.raises(Refused, match=r"Tue 18:00 to Wed 06:00; in that time 3 more"):
        people.ask(session, 4)
    people.ask(session, 2)
    with pytest.raises(Refused, match="in that time 1 more"):
        people.ask(session, 2)


def test_changes_of_set_up_count_in_what_fits_into_a_window(make_session: MakeSession) -> None:
    """Four trials of 3 h fit into 12 h, and three with an hour of set-up each."""
    source = NIGHTS.replace("4 h", "3 h") + ", set_up: {time: 1 h, parameters: [temperature]}"
    session = make_session(PersonLab(), text=text(source))
    with pytest.raises(Refused, match="only 3 of these 4 trials end before source 'robot' closes"):
        people.ask(session, 4)
    assert len(people.ask(session, 3)) == 3


# Places, devices, shared parameters


def test_devices_take_as_many_trials_each_as_they_have_places(make_session: MakeSession) -> None:
    lab = ScriptedLab(fifty, latency=2)
    session = make_session(lab, text=text("devices: [left, right], capacity: 2"))
    advance(session)
    devices = [trial.run.device for trial in session.state.trials.values() if trial.run]
    assert sorted(map(str, devices)) == ["left", "left", "right", "right"]
    assert {order.device for order in lab.orders} == {"left", "right"}
    run_inline(session)
    assert lab.most_at_once == 4


SHARED = "capacity: 3, shared: [temperature], devices: [left, right]"


def batches(session: Session) -> list[tuple[str | None, object]]:
    return [
        (trial.run.device, trial.configuration["temperature"])
        for trial in session.state.trials.values()
        if trial.run
    ]


def test_a_batch_fills_a_free_device_and_shares_its_temperature(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(fifty, latency=FOREVER), text=text(SHARED))
    for _ in range(4):
        advance(session)
    found = batches(session)
    assert [device for device, _ in found] == ["left"] * 3 + ["right"] * 3
    assert len(set(found)) == 2  # one temperature a device


def test_who_asks_later_joins_the_open_batch_while_it_has_places(make_session: MakeSession) -> None:
    session = make_session(PersonLab(), text=text(SHARED, budget="trials: 20"))
    people.ask(session, 2)
    people.ask(session, 1)
    assert len(set(batches(session))) == 1
    with pytest.raises(Refused, match=r"3 at most on a device; device 'left' has 0 places at"):
        people.ask(session, 4)
    people.ask(session, 1)
    assert batches(session)[3][0] == "right"
    lock = {
        "temperature": Reported(value=float(str(batches(session)[0][1])))
    }  # as the device that is full
    with pytest.raises(Refused, match="has 2 places at temperature"):
        people.ask(session, 1, wishes=people.Wishes(lock=lock))


def test_what_a_person_has_in_the_oven_binds_the_engine_too(make_session: MakeSession) -> None:
    text_ = text("capacity: 3, shared: [temperature]")
    session = make_session(ScriptedLab(fifty), text=text_)
    number = people.ask(session, 1)[0].number
    assert run_inline(session).waiting is Waiting.PERSON
    assert len(session.state.trials) == 1
    people.tell(session, number, people.Told(outcomes={"yield": Reported(value=40.0)}))
    assert run_inline(session).waiting is Waiting.END


# Maintenance


def test_nothing_is_dispatched_to_what_is_out_of_service(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(fifty), text=text("devices: [left, right]"))
    set_service(session, "left", in_service=False, reason="a leak")
    run_inline(session)
    assert {trial.run.device for trial in session.state.trials.values() if trial.run} == {"right"}


def test_a_source_out_of_service_waits_for_people_and_goes_on_afterwards(
    make_session: MakeSession,
) -> None:
    session = make_session(ScriptedLab(fifty))
    set_service(session, None, in_service=False, reason="a leak")
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "source 'robot' is out of service (a leak)" in step.why
    with pytest.raises(Refused, match="out of service"):
        people.ask(session, 1)
    set_service(session, None, in_service=True, reason="mended")
    assert run_inline(session).waiting is Waiting.END


def test_a_device_that_the_source_does_not_have_cannot_be_taken_out(
    make_session: MakeSession,
) -> None:
    session = make_session(ScriptedLab(fifty), text=text("devices: [left, right]"))
    with pytest.raises(UnknownName, match="left, right"):
        set_service(session, "middle", in_service=False, reason="a leak")
    with pytest.raises(InputError, match="reason"):
        set_service(session, "left", in_service=False, reason=" ")


# Analyses


def test_no_more_is_proposed_than_samples_may_wait_for_an_analysis(
    make_session: MakeSession,
) -> None:
    analysed = (
        text("duration: 1 h")
        .replace(
            "budget:", "  icp: {kind: analysis, measures: [purity], cost: 3, queue: 2}\nbudget:"
        )
        .replace("outcomes:", "outcomes:\n  purity: {unit: percent}")
    )
    session = make_session(ScriptedLab(fifty), text=analysed)
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "samples of trials 1, 2 wait for 'icp' since 2026-01-05 08:00 UTC" in step.why
    assert not has_work(session)
    assert cost_so_far(session.state) == 6  # what is still to be measured is reserved
    purity = people.Told(outcomes={"purity": Reported(value=99.0)})
    people.tell(session, 1, purity)
    assert has_work(session)
    for number in range(2, 7):
        run_inline(session)
        people.tell(session, number, purity)
    assert run_inline(session).waiting is Waiting.END
    assert len(session.state.trials) == 6


class Ticking(ScriptedLab):
    """A lab whose runs take their time by the clock."""

    def __init__(self, clock: ManualClock, *, minutes: float) -> None:
        super().__init__(fifty, latency=FOREVER)
        self.clock, self.duration = clock, timedelta(minutes=minutes)
        self.begun: dict[str, datetime] = {}

    def submit(self, order: Order) -> Answer:
        self.begun.setdefault(order.key, self.clock.now())
        return super().submit(order)

    def _state(self, key: str) -> Answer:
        if self.clock.now() - self.begun[key] >= self.duration:
            return self.ends[key]
        return super()._state(key)
