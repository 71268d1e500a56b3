"""Opening a campaign in a ledger, or going on with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from planner.campaign import CampaignSpec
from planner.campaign.addresses import addresses_of
from planner.campaign.amendment import Change, find_changes
from planner.campaign.people import Act
from planner.errors import Refused, UnknownName
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened, Expectation
from planner.ledger.replay import CampaignState, replay
from planner.loop.sessions.past import judge_by_trials
from planner.loop.sessions.permission import permit
from planner.trials import digest_json

Agree = Callable[[tuple[Change, ...]], bool]


def disagree(_changes: tuple[Change, ...]) -> bool:
    """Agrees to no change."""
    return False


def agree(_changes: tuple[Change, ...]) -> bool:
    """Agrees to every change that may be made."""
    return True


def open_campaign(
    ledger: Ledger,
    spec: CampaignSpec,
    *,
    author: str,
    tables: Mapping[str, str] | None = None,
    may_amend: Agree = disagree,
) -> CampaignState:
    """Opens a campaign, or goes on with the one of this name.

    Args:
        ledger: where it is recorded.
        spec: as the file has it now.
        author: who opens it.
        tables: SHA-256 of each table that it rests on, by title.
        may_amend: asked whether what has changed in the file since is to be entered.

    Raises:
        Refused: what has changed may not change, ``may_amend`` does not agree, or another
            campaign means other devices by the source's name.
        NotAllowed: the author's role does not include it.
    """
    written = _Written.of(spec, tables or {})
    state = replay(ledger.read(spec.campaign))
    if state is None:
        permit(ledger, author, {Act.BEGIN})
        check_names(ledger, spec)
        opened = CampaignOpened(
            spec=written.content,
            spec_digest=written.digest,
            seed=spec.seed,
            simulated=spec.is_simulated,
            tables=written.tables,
        )
        ledger.append(spec.campaign, (opened,), author=author)
        state = replay(ledger.read(spec.campaign))
        assert state is not None
    elif state.spec_digest != written.digest:
        _amend(ledger, state, spec, written, author=author, may_amend=may_amend)
    return state


@dataclass(frozen=True, slots=True)
class _Written:
    """A campaign as its entry has it; the digest tells another content of a table too."""

    content: dict[str, JsonValue]
    tables: dict[str, str]
    digest: str

    @classmethod
    def of(cls, spec: CampaignSpec, tables: Mapping[str, str]) -> _Written:
        content = spec.meaning()
        told_apart = {"spec": content, "tables": dict(tables)} if tables else content
        return cls(content, dict(tables), digest_json(told_apart))


def check_names(ledger: Ledger, spec: CampaignSpec) -> None:
    """Accepts a campaign whose source is no other device in the campaigns that go on.

    Raises:
        Refused: another campaign means other devices by its name, or has another name for them.
    """
    source = spec.source
    ledger.check_names(spec.campaign, source=source.name, addresses=addresses_of(source))


def resume_campaign(ledger: Ledger, name: str) -> CampaignState:
    """Replays a campaign that exists.

    Raises:
        UnknownName: the ledger has no campaign of this name.
    """
    state = replay(ledger.read(name))
    if state is None:
        known = ", ".join(row.name for row in ledger.campaigns()) or "none"
        raise UnknownName(f"The ledger holds no campaign {name!r}. It holds: {known}.")
    return state


def changes_since(
    state: CampaignState, spec: CampaignSpec, tables: Mapping[str, str] | None = None
) -> tuple[Change, ...]:
    """Returns what has changed in the file since it was entered; what may not is among it.

    Args:
        state: of the campaign.
        spec: as the file has it now.
        tables: SHA-256 of each table that it rests on, by title.
    """
    written = _Written.of(spec, tables or {})
    return () if state.spec_digest == written.digest else _changes(state, spec, written)


def _changes(state: CampaignState, spec: CampaignSpec, written: _Written) -> tuple[Change, ...]:
    changes = judge_by_trials(find_changes(state.spec, spec), state, spec)
    return (*changes, *_changed_tables(state, spec, written.tables))


def _amend(
    ledger: Ledger,
    state: CampaignState,
    spec: CampaignSpec,
    written: _Written,
    *,
    author: str,
    may_amend: Agree,
) -> None:
    changes = _changes(state, spec, written)
    _refuse_another_campaign(state, changes)
    if not may_amend(changes):
        raise Refused(
            f"The file of campaign {state.campaign!r} has changed since it began:\n"
            f"{list_changes(changes)}\n"
            f"Nothing was entered. 'planner amend FILE' asks a person on a terminal, 'planner "
            f"amend FILE --yes' enters the change without asking; or put the file back."
        )
    permit(ledger, author, {Act.AMEND})
    amended = CampaignAmended(
        spec=written.content,
        spec_digest=written.digest,
        changes=tuple(map(str, changes)),
        tables=written.tables,
    )
    expect = Expectation(spec_digest=state.spec_digest)
    ledger.append(state.campaign, (amended,), author=author, expect=expect)
    replay(ledger.read(state.campaign, after=state.sequence), state)


def _changed_tables(
    state: CampaignState, spec: CampaignSpec, tables: Mapping[str, str]
) -> Iterator[Change]:
    """Yields the tables that hold something else than before; candidates may come and go."""
    is_listed = spec.candidates is not None and spec.candidates.table is not None
    for title, digest in tables.items():
        if state.tables.get(title, digest) == digest:
            continue
        only_listed = is_listed and spec.table is not None and spec.table.title == title
        refusal = "" if only_listed else "results were judged by what it held"
        yield Change(("tables", title), "holds something else than it did", refusal)


def list_changes(changes: Iterable[Change]) -> str:
    """Returns a line a change, for a person."""
    return "\n".join(f"  {change}" for change in changes)


def _refuse_another_campaign(state: CampaignState, changes: tuple[Change, ...]) -> None:
    refused = [change for change in changes if change.refusal]
    if not refused:
        return
    shown = "\n".join(f"  {change} ({change.refusal})" for change in refused)
    raise Refused(
        f"Campaign {state.campaign!r} has begun with another meaning of its trials; this may not "
        f"change:\n{shown}\n"
        f"Put it back, or make it another campaign and take along what was measured: save the "
        f"changed file under another name with another 'campaign:', then 'planner export OLD.yaml "
        f"--to measured.csv' with the former file and 'planner import NEW.yaml measured.csv'."
    )
