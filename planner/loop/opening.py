"""Opening a campaign in a ledger, or going on with it."""

from __future__ import annotations

from pydantic import JsonValue

from planner.campaign import CampaignSpec
from planner.errors import Refused, UnknownName
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened
from planner.ledger.replay import CampaignState, replay
from planner.trials import digest_json

# What a trial means hangs on these; another meaning is another campaign.
_FIXED = ("schema", "campaign", "parameters", "constraints", "candidates", "outcomes", "seed")


def open_campaign(
    ledger: Ledger, spec: CampaignSpec, *, author: str, may_amend: bool = False
) -> CampaignState:
    """Opens a campaign, or goes on with the one of this name.

    Args:
        ledger: where it is recorded.
        spec: as the file has it now.
        author: who opens it.
        may_amend: whether a file that has changed since is to be entered as an amendment.

    Raises:
        Refused: the file has changed, and may not be, or ``may_amend`` is not given.
    """
    content = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    digest = digest_json(content)
    state = replay(ledger.read(spec.campaign))
    if state is None:
        opened = CampaignOpened(
            spec=content, spec_digest=digest, seed=spec.seed, simulated=spec.is_simulated
        )
        ledger.append(spec.campaign, (opened,), author=author)
        state = replay(ledger.read(spec.campaign))
        assert state is not None
    elif state.spec_digest != digest:
        _amend(ledger, state, content, author=author, may_amend=may_amend)
    return state


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


def find_changes(
    before: dict[str, JsonValue], after: dict[str, JsonValue]
) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Returns the top-level entries that differ, with their former and present value."""
    names = sorted(before.keys() | after.keys())
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    }


def _amend(
    ledger: Ledger,
    state: CampaignState,
    content: dict[str, JsonValue],
    *,
    author: str,
    may_amend: bool,
) -> None:
    before = state.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    changes = find_changes(before, content)
    lines = tuple(f"{name}: {was} -> {now}" for name, (was, now) in changes.items())
    shown = "\n".join(f"  {line}" for line in lines)
    fixed = [name for name in changes if name in _FIXED]
    if fixed:
        raise Refused(
            f"Campaign {state.campaign!r} has begun with another {' and '.join(fixed)}, which may "
            f"not change:\n{shown}\nGive the changed campaign another name (campaign: ..., or "
            f"--as NAME) and import what was measured."
        )
    if not may_amend:
        raise Refused(
            f"The file of campaign {state.campaign!r} has changed since it began:\n{shown}\n"
            f"Run it with --amend to enter the change, or put the file back."
        )
    amended = CampaignAmended(spec=content, spec_digest=digest_json(content), changes=lines)
    ledger.append(state.campaign, (amended,), author=author)
    replay(ledger.read(state.campaign, after=state.sequence), state)
