"""The promises of a source, as data: what each says, why it matters and how it is tried.

Where the contract speaks of what physically moved, this judges by what can be seen from outside:
the states and results that are answered, and the heartbeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from planner.labs.contract import DeliveryClass

_KEYED = frozenset({DeliveryClass.KEYED})
_PHASED = frozenset({DeliveryClass.KEYED, DeliveryClass.TWO_PHASE})
_ALL = frozenset(DeliveryClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a source promises.

    Args:
        name: a few words, the same in every report.
        says: the promise, a sentence.
        why: what a campaign loses without it.
        how: it is tried.
        remedy: what to do where it is broken.
        classes: of sources that make it.
    """

    name: str
    says: str
    why: str
    how: str
    remedy: str
    classes: frozenset[DeliveryClass] = _ALL


PROMISES: Final = (
    Promise(
        name="answers",
        says="An order is answered with its key and its state.",
        why="Only the device's own word tells that an order arrived.",
        how="One order is sent.",
        remedy="Answer each order with its key and what is kept of it; compare what is expected "
        "with 'planner labs send FILE NAME=VALUE --dry-run'.",
    ),
    Promise(
        name="ends",
        says="A run comes to an end that can be asked for.",
        why="A run without an end keeps its trial open for ever.",
        how="The order's key is asked about until its state is an end.",
        remedy="Keep the end of each run under its key, and say it whenever that is asked.",
    ),
    Promise(
        name="acts once",
        says="The same order again is the same run, and nothing begins anew.",
        why="What is not answered is sent again: each time would cost a run and its material.",
        how="The same order is sent again while it is open and after its end; it must not begin "
        "anew.",
        remedy="Insert or ignore the key before anything moves, and answer a known key with its "
        "state.",
        classes=_PHASED,
    ),
    Promise(
        name="one result",
        says="A run has one result: asked again, it brings the same values.",
        why="Of two results of one run nobody knows which is true.",
        how="The key is asked about several times after the end; all values are compared.",
        remedy="Keep the result under its key once, and answer with what is kept.",
    ),
    Promise(
        name="keeps results",
        says="A result is kept before it is told.",
        why="A result that was told and is lost makes a finished trial doubtful.",
        how="The device is restarted as soon as it has said 'done', and asked again.",
        remedy="Commit the result (fsync) before 'done' is said to anybody.",
        classes=_PHASED,
    ),
    Promise(
        name="keeps keys",
        says="It knows its keys over a restart.",
        why="A forgotten key is a new order: what was done is done again.",
        how="A run that has ended is asked about after a restart.",
        remedy="Keep keys on a disk, as long as the campaign lives.",
        classes=_PHASED,
    ),
    Promise(
        name="another boot",
        says="After each start of its program it has another boot id.",
        why="By it the planner sees that a running device was restarted.",
        how="The heartbeats before and after a restart are compared.",
        remedy="Draw a new boot id at each start, and put it into heartbeats and answers.",
        classes=_PHASED,
    ),
    Promise(
        name="commits first",
        says="It commits 'started' before it moves: what was under way when it died is not begun "
        "again.",
        why="After a crash the run would be performed a second time.",
        how="The device is restarted while a run is under way; the run must not be new to it, "
        "waiting or under way.",
        remedy="Commit 'started' (fsync) before anything moves, and begin at boot only what is "
        "'accepted'.",
        classes=_PHASED,
    ),
    Promise(
        name="tells the truth",
        says="What was under way when it died is 'unknown' afterwards.",
        why="A made-up end enters the model as if it had been measured.",
        how="The device is restarted while a run is under way; in less time than a run takes it "
        "cannot have ended.",
        remedy="Make every 'started' and 'paused' run 'unknown' at boot; only a person can tell.",
        classes=_PHASED,
    ),
    Promise(
        name="tells orders apart",
        says="A known key with another digest is refused.",
        why="A result would be taken for that of other settings.",
        how="The first key is sent again with another digest.",
        remedy="Keep the digest beside the key, and reject 'other order' where it differs.",
        classes=_PHASED,
    ),
    Promise(
        name="knows its own",
        says="A key that it never took is unknown to it.",
        why="A made-up state would keep an order from being sent.",
        how="It is asked about a key that was never sent.",
        remedy="Leave out of the answer what was never taken.",
    ),
    Promise(
        name="refuses the past",
        says="An order whose time has passed is refused for good.",
        why="What was queued yesterday must not run tomorrow, with nobody there.",
        how="An order is sent with 'not_after' an hour ago.",
        remedy="Compare 'not_after' with the clock when the order comes and again when it begins; "
        "answer 'refused'.",
        classes=_ALL - {DeliveryClass.TWO_PHASE},
    ),
    Promise(
        name="refuses stale tokens",
        says="A command with a lower token than it has heard is refused.",
        why="A driver that was fenced off, and does not know it, could still move the device.",
        how="A higher token is used, then an order and an abort are sent with the former one.",
        remedy="Keep the highest token on the disk, and reject 'stale token' below it, for every "
        "command but a stop.",
        classes=_KEYED,
    ),
    Promise(
        name="obeys one ledger",
        says="It obeys one ledger and refuses the orders of another.",
        why="Two labs' records cannot both be true of one device.",
        how="An order is sent under the id of another ledger.",
        remedy="Keep the id of the first ledger that orders, and reject 'other ledger' until a "
        "person releases the device.",
        classes=_KEYED,
    ),
    Promise(
        name="can be aborted",
        says="A run that is taken back ends, and says how.",
        why="Otherwise nobody can end a run from afar but by an emergency stop.",
        how="A run is begun and aborted, and asked about until it has ended.",
        remedy="Hear the abort while the device moves, make it safe, and then say 'aborted'.",
    ),
    Promise(
        name="adjusts once",
        says="A change of a run is taken at most once under a number, or refused in words.",
        why="A change that is taken twice is another change.",
        how="While a run is under way its own settings are sent as a change, twice, then under "
        "the same number with another digest.",
        remedy="Keep number and digest of each change; answer a repeat with what is kept.",
    ),
    Promise(
        name="stops",
        says="After an emergency stop it takes nothing until a person clears it.",
        why="An order that was on its way would start what was just stopped.",
        how="It is stopped; an order must not be taken. It must stay stopped for a wrong clear "
        "token and go on for the right one.",
        remedy="Keep the stop on the disk, reject 'locked', and take it off for the clear token "
        "alone.",
    ),
    Promise(
        name="says how it is",
        says="Its heartbeat counts on, keeps its boot id and names the run under way.",
        why="By it the planner sees that a device lives, and what it does.",
        how="Heartbeats are asked for before and during a run.",
        remedy="Count heartbeats from the start of the program, and name the current key.",
    ),
    Promise(
        name="says what it is",
        says="It says that it is simulated exactly where the campaign file does.",
        why="Results of a simulation would be taken for a lab's, or a real device moved by a "
        "trial run.",
        how="The heartbeat's 'simulated' is compared with that of the source.",
        remedy="Write 'simulated: true' in the campaign file's source and in the device's file, "
        "or in neither.",
    ),
    Promise(
        name="keeps units",
        says="Settings are read and reported in their units.",
        why="700 kelvin are not 700 degrees Celsius: the wrong thing is made, and learned from.",
        how="What the run achieved is converted to the campaign's units and compared with what "
        "was asked.",
        remedy="Convert each setting from the unit that it comes with, report what was achieved "
        "with its unit, and check the source's map.",
    ),
    Promise(
        name="measures",
        says="A result has every outcome that the campaign measures at once, in its unit.",
        why="A result that cannot be read is put aside, and its trial waits for a person.",
        how="The outcomes of the run are compared with those of the campaign.",
        remedy="Report each outcome under the name and in the unit that the campaign file's "
        "source gives.",
    ),
    Promise(
        name="found again",
        says="A planner that is started anew finds what became of a run.",
        why="After a crash of the planner its results would be lost.",
        how="The adapter is opened anew and asked about the first run.",
        remedy="Keep what an adapter must know on the disk or at the device, under the key.",
    ),
)


def promises_of(delivery: DeliveryClass) -> tuple[Promise, ...]:
    """Returns the promises that a source of this class makes, in order."""
    return tuple(each for each in PROMISES if delivery in each.classes)
