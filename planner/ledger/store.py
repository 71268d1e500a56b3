"""The ledger: append and read, and what can be read at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, RowMapping, Select, bindparam, select

from planner import __version__
from planner.clock import Clock
from planner.errors import LedgerTooNew, UnknownName
from planner.ledger import schema
from planner.ledger.appending import append_in, take_numbers, validate
from planner.ledger.devices import (
    DeviceRow,
    Latch,
    clear_stop_in,
    devices_in,
    latch_in,
    latch_stop_in,
    note_device_in,
    note_heartbeat_in,
    place_of,
)
from planner.ledger.engines import reading, show_place, writing
from planner.ledger.entries import RECORDS, Entry, Expectation, Holder, Record
from planner.ledger.faults import explained
from planner.ledger.leases import (
    LEASE_S,
    Lease,
    What,
    check_token,
    holder_in,
    release_in,
    renew_in,
    take_device_in,
    take_in,
    this_process,
)
from planner.ledger.reaches import ReachRow, check_names_in, note_reach_in, reaches_in
from planner.ledger.rows import CampaignRow, InboxRow, InboxState, OutboxRow, RunRow, TrialRow
from planner.trials import Heartbeat

_PAGE = 2000  # entries read at once
# built once: to build a statement takes as long as to run it
_ENTRIES = (
    select(schema.entries)
    .where(schema.entries.c.sequence > bindparam("after"))
    .order_by(schema.entries.c.sequence)
    .limit(_PAGE)
)
_ENTRIES_OF_CAMPAIGN = _ENTRIES.where(schema.entries.c.campaign == bindparam("campaign"))


class Ledger:
    """The append-only record of all campaigns that share a database.

    Safe to use from several threads. A process that forks opens it anew in the child.

    Args:
        engine: of its database, as ``open_ledger`` sets it up.
        ledger_id: to which a device binds itself.
        clock: gives entries and leases their times.
    """

    def __init__(self, engine: Engine, *, ledger_id: str, clock: Clock) -> None:
        self.engine = engine
        self.id = ledger_id
        self.place = show_place(engine.url)
        self._clock = clock
        self._writing = writing(engine)
        self._reading = reading(engine)

    def __repr__(self) -> str:
        return f"Ledger({self.place!r})"

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()

    def append(
        self,
        campaign: str,
        records: Sequence[Record],
        *,
        author: str,
        expect: Expectation | None = None,
    ) -> tuple[Entry, ...]:
        """Writes records in one transaction, all or none.

        Args:
            campaign: its name.
            records: in their order; none writes nothing and checks nothing.
            author: a person's name, or ``planner``.
            expect: what they were decided on.

        Returns:
            The entries, with the numbers that they have got.

        Raises:
            InputError: a record cannot be written.
            StaleWrite: an expectation no longer holds, or somebody else has written this.
            Refused: the life cycle does not lead there.
            Conflict: the same name or key stands for something else.
            UnknownName: no such campaign, trial or run.
            LedgerUnavailable: the database cannot be reached or written, or the disk is full.
        """
        lines = validate(records)
        if not lines:
            return ()
        with self._transaction() as connection:
            entries = append_in(
                connection,
                lines,
                campaign=campaign,
                author=author,
                clock=self._clock,
                expect=expect,
            )
            if expect is not None and expect.source is not None:
                check_token(connection, expect.source, expect.token)
            return entries

    def read(
        self,
        campaign: str | None = None,
        *,
        after: int = 0,
        kinds: Collection[str] | None = None,
    ) -> Iterator[Entry]:
        """Yields entries in their order, a page at a time.

        Args:
            campaign: its name; None for all campaigns of the ledger.
            after: only those with a higher number.
            kinds: only records of these kinds; None for all.

        Raises:
            LedgerTooNew: an entry was written by newer software.
            LedgerUnavailable: the database cannot be reached or read.
        """
        query = _ENTRIES if campaign is None else _ENTRIES_OF_CAMPAIGN
        asked: dict[str, Any] = {} if campaign is None else {"campaign": campaign}
        if kinds is not None:
            query = query.where(schema.entries.c.kind.in_(sorted(kinds)))
        while True:
            page = self._fetch(query, {**asked, "after": after})
            for row in page:
                yield _entry(row)
            if len(page) < _PAGE:
                return
            after = page[-1]["sequence"]

    def campaigns(self) -> tuple[CampaignRow, ...]:
        """Returns all campaigns, in the order in which they were opened."""
        query = select(schema.campaigns).order_by(schema.campaigns.c.opened_at)
        return tuple(CampaignRow(**row) for row in self._fetch(query))

    def campaign_row(self, name: str) -> CampaignRow:
        """Returns one campaign.

        Raises:
            UnknownName: the ledger has no such campaign.
        """
        for row in self._fetch(select(schema.campaigns).where(schema.campaigns.c.name == name)):
            return CampaignRow(**row)
        names = ", ".join(each.name for each in self.campaigns()) or "none"
        raise UnknownName(f"The ledger {self.place} has no campaign {name!r} (it has: {names}).")

    def trial_rows(self, campaign: str) -> tuple[TrialRow, ...]:
        """Returns the campaign's trials by number."""
        table = schema.trials
        query = select(table).where(table.c.campaign == campaign).order_by(table.c.trial)
        return tuple(TrialRow(**row) for row in self._fetch(query))

    def open_runs(self, campaign: str | None = None) -> tuple[RunRow, ...]:
        """Returns the runs that have not ended, of one campaign or of all, oldest first."""
        table = schema.runs
        query = select(table).where(table.c.is_open).order_by(table.c.opened_at, table.c.key)
        if campaign is not None:
            query = query.where(table.c.campaign == campaign)
        return tuple(RunRow(**row) for row in self._fetch(query))

    def outbox(
        self, *, campaign: str | None = None, source: str | None = None
    ) -> tuple[OutboxRow, ...]:
        """Returns the orders that are to be sent or not yet answered, oldest first."""
        table = schema.outbox
        query = select(table).where(table.c.is_open).order_by(table.c.sequence)
        if campaign is not None:
            query = query.where(table.c.campaign == campaign)
        if source is not None:
            query = query.where(table.c.source == source)
        return tuple(OutboxRow(**row) for row in self._fetch(query))

    def inbox(
        self,
        campaign: str | None = None,
        *,
        states: Collection[InboxState] = (InboxState.WAITING,),
        key: str | None = None,
    ) -> tuple[InboxRow, ...]:
        """Returns the results in these states, in the order in which they arrived.

        Args:
            campaign: whose; of all where it is None.
            states: of the results.
            key: of one run alone.
        """
        table = schema.inbox
        query = select(table).where(table.c.state.in_(sorted(states))).order_by(table.c.sequence)
        if campaign is not None:
            query = query.where(table.c.campaign == campaign)
        if key is not None:
            query = query.where(table.c.key == key)
        return tuple(InboxRow(**row) for row in self._fetch(query))

    def take(
        self, campaign: str, *, holder: Holder | None = None, lease_s: float = LEASE_S
    ) -> Lease:
        """Takes a campaign's lease, with a rising epoch and an entry that says so.

        A holder that is provably dead on this host is fenced at once; the same process may take
        it again.

        Args:
            campaign: its name.
            holder: who takes it; this process where it is None.
            lease_s: how long it lasts without renewal.

        Raises:
            HeldByAnother: a holder that may be alive has it.
            UnknownName: the ledger has no such campaign.
        """
        with self._transaction() as connection:
            return take_in(
                connection,
                campaign,
                holder=this_process() if holder is None else holder,
                lease_s=lease_s,
                clock=self._clock,
            )

    def take_device(
        self, source: str, *, holder: Holder | None = None, lease_s: float = LEASE_S
    ) -> Lease:
        """Takes the lease of a source's devices, over all campaigns of the ledger.

        Its epoch is the fencing token, which rises with every taking.

        Args:
            source: its name, the same in all campaigns that share its devices.
            holder: who takes it; this process where it is None.
            lease_s: how long it lasts without renewal.

        Raises:
            HeldByAnother: a holder that may be alive has it.
        """
        with self._transaction() as connection:
            return take_device_in(
                connection,
                source,
                holder=this_process() if holder is None else holder,
                lease_s=lease_s,
                clock=self._clock,
            )

    def holder(self, name: str, *, what: What = "campaign") -> Holder | None:
        """Returns which process holds a campaign or a source; None where anybody may take it."""
        with explained(self.place), self.engine.connect() as connection:
            return holder_in(connection, what, name, clock=self._clock)

    def renew(self, lease: Lease) -> Lease:
        """Returns the lease with a new end.

        Raises:
            StaleWrite: somebody else has taken it; what holds it must stop at once.
        """
        with self._transaction() as connection:
            return renew_in(connection, lease, clock=self._clock)

    def release(self, lease: Lease) -> None:
        """Lets others take it at once; does nothing where somebody else has it."""
        with self._transaction() as connection:
            release_in(connection, lease)

    def note_device(
        self,
        name: str,
        *,
        delivery: str,
        simulated: bool,
        campaign: str,
        folder: Path,
        devices: Sequence[str] = (),
        addresses: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Writes down how the devices of a source are reached, so that all can be stopped.

        Args:
            name: of the source.
            delivery: its class.
            simulated: whether no real device stands behind it.
            campaign: whose file says how it is reached.
            folder: of that file.
            devices: their names, where the source has several.
            addresses: where they are, by name; nothing for what has no address.

        Raises:
            Refused: another campaign means another device by the name, or has another name for it.
        """
        with self._transaction() as connection:
            take_numbers(connection, 0)  # queue before looking
            note_reach_in(
                connection, campaign=campaign, source=name, addresses=addresses, folder=folder
            )
            for each in (None, *devices):
                note_device_in(
                    connection,
                    name=place_of(name, each),
                    delivery=delivery,
                    simulated=simulated,
                    campaign=campaign,
                    clock=self._clock,
                )

    def check_names(self, campaign: str, *, source: str, addresses: Mapping[str, str]) -> None:
        """Accepts a source whose name and devices are no others in the campaigns that go on.

        Args:
            campaign: whose source it is.
            source: its name.
            addresses: of its devices, by name.

        Raises:
            Refused: another campaign means another device by the name, or has another name for it.
        """
        with explained(self.place), self.engine.connect() as connection:
            check_names_in(connection, campaign=campaign, source=source, addresses=addresses)

    def reaches(self) -> tuple[ReachRow, ...]:
        """Returns how devices were reached, by campaign, for each the newest file last."""
        with explained(self.place), self.engine.connect() as connection:
            return reaches_in(connection)

    def note_heartbeat(self, name: str, heard: Heartbeat, *, device: str | None = None) -> None:
        """Writes down what a device of a source last said about itself.

        Args:
            name: of the source.
            heard: its heartbeat.
            device: which of the source's devices; None for the only one.
        """
        with self._transaction() as connection:
            note_heartbeat_in(connection, place_of(name, device), heard, clock=self._clock)

    def devices(self) -> tuple[DeviceRow, ...]:
        """Returns all sources that have been spoken to, by name."""
        with explained(self.place), self.engine.connect() as connection:
            return devices_in(connection)

    def latch(self) -> Latch | None:
        """Returns the emergency stop, if it is on."""
        with explained(self.place), self.engine.connect() as connection:
            return latch_in(connection)

    def latch_stop(self, *, by: str, reason: str) -> None:
        """Puts the emergency stop on: from now on no campaign of the ledger dispatches."""
        with self._transaction() as connection:
            latch_stop_in(connection, by=by, reason=reason, clock=self._clock)

    def clear_stop(self, *, by: str, reason: str) -> None:
        """Takes the emergency stop off.

        Raises:
            Refused: it is not on.
        """
        with self._transaction() as connection:
            clear_stop_in(connection, by=by, reason=reason, clock=self._clock)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with explained(self.place), self._writing.begin() as connection:
            yield connection

    def _fetch(
        self, query: Select[Any], asked: Mapping[str, Any] | None = None
    ) -> Sequence[RowMapping]:
        with explained(self.place), self._reading.connect() as connection:
            return connection.execute(query, asked).mappings().all()


def _entry(row: RowMapping) -> Entry:
    try:
        record = RECORDS.validate_json(row["body"])
    except ValidationError as error:
        version = row["software"]
        raise LedgerTooNew(
            f"Entry {row['sequence']} of campaign {row['campaign']!r} ({row['kind']}) was written "
            f"by version {version} of this software, and {__version__} cannot read it. "
            f"Update it: pip install -U 'experiment-planner>={version}'."
        ) from error
    return Entry(
        sequence=row["sequence"],
        campaign=row["campaign"],
        at=row["at"],
        author=row["author"],
        schema=row["schema"],
        software=row["software"],
        record=record,
    )
