"""How the devices of each campaign are reached, and that a name and a device are one in a ledger.

Leases, tokens and readings go by the name of a source. Two devices under one name would wait for
each other and mix their readings; one device under two names would have two drivers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, exists, insert, select

from planner.campaign import CampaignSpec
from planner.campaign.addresses import addresses_of
from planner.errors import Refused
from planner.ledger import schema
from planner.ledger.entries import RECORDS, CampaignAmended, CampaignOpened

_REACHES, _CAMPAIGNS, _RUNS = schema.reaches, schema.campaigns, schema.runs
_COLUMNS = [_REACHES.c[name] for name in ("campaign", "spec_sequence", "source", "addresses")]
_ALL = select(*_COLUMNS, _REACHES.c.folder).order_by(_REACHES.c.campaign, _REACHES.c.spec_sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRow:
    """How the devices of a source were reached for a campaign.

    Args:
        campaign: whose file says it.
        spec_sequence: number of the entry with that file.
        source: its name.
        addresses: of its devices, by name; none where it has no address.
        folder: of the file, where its relative paths start.
    """

    campaign: str
    spec_sequence: int
    source: str
    addresses: Mapping[str, str]
    folder: str


def reaches_in(connection: Connection) -> tuple[ReachRow, ...]:
    """Returns how devices were reached, by campaign, for each the newest file last."""
    return tuple(ReachRow(**row) for row in connection.execute(_ALL).mappings())


def note_reach_in(
    connection: Connection,
    *,
    campaign: str,
    source: str,
    addresses: Mapping[str, str],
    folder: Path,
) -> None:
    """Writes down how a campaign reaches its source, from the file now in force.

    How an earlier file did is kept as long as a run is open that may be there.

    Raises:
        Refused: another campaign means another device by the name, or has another name for it.
    """
    its = _CAMPAIGNS.c.name == campaign
    found = connection.execute(select(_CAMPAIGNS.c.spec_sequence).where(its)).scalar_one_or_none()
    row = ReachRow(
        campaign=campaign,
        spec_sequence=found or 0,
        source=source,
        addresses=dict(addresses),
        folder=str(folder),
    )
    known = reaches_in(connection)
    if [each for each in known if each.campaign == campaign] == [row]:
        return
    _check_names(connection, row, known)
    here = _REACHES.c.campaign == campaign
    connection.execute(delete(_REACHES).where(here & _is_over(row)))
    values = {name: getattr(row, name) for name in ReachRow.__slots__}
    connection.execute(insert(_REACHES), values)


def _is_over(row: ReachRow):  # type: ignore[no-untyped-def]  # an expression of SQL
    same = _REACHES.c.spec_sequence == row.spec_sequence
    opened = schema.outbox.c
    may_be_there = exists().where(
        _RUNS.c.key == opened.key,
        _RUNS.c.campaign == row.campaign,
        _RUNS.c.is_open,
        opened.sequence < row.spec_sequence,
    )
    return same | ~may_be_there


def check_names_in(
    connection: Connection, *, campaign: str, source: str, addresses: Mapping[str, str]
) -> None:
    """Accepts a source whose name and devices are no others in the campaigns that go on.

    Raises:
        Refused: another campaign means another device by the name, or has another name for it.
    """
    row = ReachRow(
        campaign=campaign, spec_sequence=0, source=source, addresses=addresses, folder=""
    )
    _check_names(connection, row, reaches_in(connection))


def _check_names(connection: Connection, row: ReachRow, known: tuple[ReachRow, ...]) -> None:
    newest = {each.campaign: each for each in known if each.campaign != row.campaign}
    for other in newest.values():
        if _why_not(row, other.source, other.addresses):
            why = _why_not(row, other.source, _in_force(connection, other))
            if why:
                raise Refused(why.format(other=other.campaign, campaign=row.campaign))


def _why_not(row: ReachRow, name: str, theirs: Mapping[str, str]) -> str:
    """Returns why two campaigns cannot share a ledger; empty where they can."""
    ours = row.addresses
    both = sorted(set(ours.values()) & set(theirs.values()))
    if name != row.source:
        return (
            f"The device at {both[0]} is source {name!r} in campaign {{other!r}} of this ledger, "
            f"and {row.source!r} in {{campaign!r}}. A device has one name in a ledger, so that one "
            f"campaign at a time drives it: call it {name!r} in both files. Nothing was sent."
            if both
            else ""
        )
    moved = [each for each in sorted(ours.keys() & theirs.keys()) if ours[each] != theirs[each]]
    if not ours or not theirs or (both and not moved):
        return ""
    here, there = (
        (ours[moved[0]], theirs[moved[0]])
        if moved
        else (", ".join(ours.values()), ", ".join(theirs.values()))
    )
    return (
        f"Source {name!r} is at {there} in campaign {{other!r}} of this ledger, and at {here} in "
        f"{{campaign!r}}. A name is one device in a ledger. Where these are two devices, give this "
        f"one another name; where it is one that has moved, write its address into the file of "
        f"{{other!r}} too and type 'planner amend' with it. Nothing was sent."
    )


def _in_force(connection: Connection, row: ReachRow) -> Mapping[str, str]:
    """Returns where a campaign reaches its devices by now; nothing where it is over."""
    campaign = _CAMPAIGNS.c
    query = select(campaign.spec_sequence, campaign.stopped_at).where(campaign.name == row.campaign)
    found = connection.execute(query).one_or_none()
    if found is None or (found.stopped_at is not None and not _has_open_run(connection, row)):
        return {}
    if found.spec_sequence == row.spec_sequence:
        return row.addresses
    body = select(schema.entries.c.body).where(schema.entries.c.sequence == found.spec_sequence)
    record = RECORDS.validate_json(connection.execute(body).scalar_one())
    assert isinstance(record, CampaignOpened | CampaignAmended)
    return addresses_of(CampaignSpec.model_validate(record.spec).source)


def _has_open_run(connection: Connection, row: ReachRow) -> bool:
    query = select(_RUNS.c.key).where(_RUNS.c.campaign == row.campaign, _RUNS.c.is_open).limit(1)
    return connection.execute(query).first() is not None
