"""Who is registered in a ledger: names, roles, and hashes of tokens.

A token is 32 random bytes, so nobody can guess one, and a fast keyed hash keeps it: a slow salted
one protects passwords, which people choose and others guess. The key is the ledger's id, so the
same token has another hash in another ledger.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from planner.campaign.people import Role
from planner.errors import Refused, UnknownName
from planner.ledger import schema
from planner.ledger.appending import take_numbers
from planner.ledger.engines import writing
from planner.ledger.faults import explained
from planner.ledger.store import Ledger

TOKEN_BYTES = 32
_PREFIX = "plt_"  # by which a scanner of files recognises a token that was left lying about


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Somebody who is, or was, registered.

    Args:
        token_hash: of the token; None where there is none.
        revoked_at: since when the role is not theirs any more.
    """

    name: str
    role: Role
    token_hash: str | None = field(repr=False)
    registered_at: datetime
    registered_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the role is theirs now."""
        return self.revoked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAct:
    """That somebody was registered or revoked."""

    at: datetime
    by: str
    act: str
    name: str
    role: str
    reason: str


def read_people(ledger: Ledger) -> tuple[Registered, ...]:
    """Returns all who are or were registered, by name."""
    query = select(schema.people).order_by(schema.people.c.name)
    with explained(ledger.place), ledger.engine.connect() as connection:
        return tuple(_registered(dict(row)) for row in connection.execute(query).mappings())


def read_people_acts(ledger: Ledger) -> tuple[PeopleAct, ...]:
    """Returns who was registered and revoked, by whom, when and why, in order."""
    table = schema.people_acts
    query = select(table).order_by(table.c.id)
    with explained(ledger.place), ledger.engine.connect() as connection:
        rows = connection.execute(query).mappings()
        return tuple(PeopleAct(**{k: v for k, v in row.items() if k != "id"}) for row in rows)


def find_by_token(ledger: Ledger, token: str) -> Registered | None:
    """Returns whose token it is; None where it is nobody's."""
    given = hash_token(ledger, token)
    found = None
    for each in read_people(ledger):  # all of them, so that the time taken tells nothing
        if each.is_active and hmac.compare_digest(each.token_hash or "", given):
            found = each
    return found


def register(
    ledger: Ledger, name: str, role: Role, *, by: str, now: datetime, reason: str = ""
) -> str:
    """Registers somebody; who was revoked is registered anew.

    Returns:
        The token, which is kept nowhere.

    Raises:
        Refused: the name is registered, or the first one is no lead.
    """
    token = _PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "role": role,
        "token_hash": hash_token(ledger, token),
        "registered_at": now,
        "registered_by": by,
        "revoked_at": None,
        "revoked_by": None,
    }
    with explained(ledger.place), writing(ledger.engine).begin() as connection:
        known = _locked(connection)
        if name in known and known[name].is_active:
            raise Refused(
                f"{name} is registered already, as {known[name].role}. For a new token or another "
                f"role revoke that first: planner people revoke {name}."
            )
        if role is not Role.LEAD and not any(each.is_active for each in known.values()):
            raise Refused(
                f"The first one who is registered must be a lead, or nobody could register "
                f"anybody any more. Register a lead first (planner people add NAME --role lead), "
                f"then {name}."
            )
        if name in known:
            of_them = schema.people.c.name == name
            connection.execute(update(schema.people).where(of_them).values(values))
        else:
            connection.execute(insert(schema.people).values(name=name, **values))
        _note(connection, now, by, "registered", name, role, reason)
    return token


def revoke(ledger: Ledger, name: str, *, by: str, now: datetime, reason: str = "") -> None:
    """Takes somebody's role away, and makes their token worthless.

    Raises:
        UnknownName: nobody of this name is registered.
        Refused: it is the last lead.
    """
    with explained(ledger.place), writing(ledger.engine).begin() as connection:
        active = {each.name: each for each in _locked(connection).values() if each.is_active}
        if name not in active:
            raise UnknownName(
                f"Nobody of the name {name!r} is registered here. There are: "
                f"{', '.join(active) or 'none'}."
            )
        leads = [each for each in active.values() if each.role is Role.LEAD]
        if [each.name for each in leads] == [name]:
            raise Refused(
                f"{name} is the last lead; without one nobody could register anybody any more. "
                f"Register another lead first: planner people add NAME --role lead."
            )
        values = {"revoked_at": now, "revoked_by": by, "token_hash": None}
        connection.execute(update(schema.people).where(schema.people.c.name == name).values(values))
        _note(connection, now, by, "revoked", name, active[name].role, reason)


def hash_token(ledger: Ledger, token: str) -> str:
    """Returns what the ledger keeps of a token."""
    return hmac.new(ledger.id.encode(), token.strip().encode(), hashlib.sha256).hexdigest()


def _locked(connection: Connection) -> dict[str, Registered]:
    """Returns who is registered, when no other writer can change it any more."""
    take_numbers(connection, 0)
    rows = connection.execute(select(schema.people)).mappings()
    return {row["name"]: _registered(dict(row)) for row in rows}


def _note(
    connection: Connection, at: datetime, by: str, act: str, name: str, role: Role, reason: str
) -> None:
    values = {"at": at, "by": by, "act": act, "name": name, "role": role, "reason": reason}
    connection.execute(insert(schema.people_acts).values(values))


def _registered(row: dict[str, object]) -> Registered:
    return Registered(**{**row, "role": Role(str(row["role"]))})  # type: ignore[arg-type]
