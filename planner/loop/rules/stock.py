"""What is left of consumables: as counted last, less what trials used since or reserve."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import partial

from planner import units
from planner.campaign import Consumable
from planner.errors import InputError, UnknownName
from planner.ledger.entries import Record, StockCounted
from planner.ledger.replay import CampaignState
from planner.ledger.trial_index import Sums
from planner.loop.rules.budget import amount_in_words, n_uses
from planner.loop.sessions.session import Session
from planner.space import read_number
from planner.space.base import as_decimal
from planner.trials import Trial


def stock_left(state: CampaignState) -> dict[str, Decimal]:
    """Returns what is neither used nor reserved of each consumable, in its unit.

    It may be below 0, where somebody counted less than trials had reserved.
    """
    left = {}
    for name in state.spec.source.consumables:
        of = partial(_use_of, state, name)
        summed = state.trials.view(("used", name), partial(Sums, of))
        left[name] = _amount(state, name) - summed.totals.get("used", Decimal(0))
    return left


def count_stock(session: Session, amounts: dict[str, str], *, reason: str) -> list[str]:
    """Enters what somebody counted or filled up; all of it, or nothing.

    Args:
        session: whose campaign.
        amounts: by consumable, a number in its unit, or a number with a unit.
        reason: why, in words.

    Returns:
        What was entered, a sentence each.

    Raises:
        UnknownName: there is no such consumable.
        InputError: an amount is no number, below 0, or of another dimension.
    """
    consumables = session.refresh().spec.source.consumables
    records: list[Record] = []
    for name, text in amounts.items():
        amount = _read(name, text, consumables)
        records.append(StockCounted(consumable=name, amount=amount, reason=reason))
    session.write(records)
    return [f"{in_words(session.state, name)}." for name in amounts]


def in_words(state: CampaignState, name: str) -> str:
    """Says what is left of a consumable, and since when that is known."""
    consumable, counted = state.spec.source.consumables[name], state.counted.get(name)
    left = max(Decimal(0), stock_left(state)[name])
    amount = _amount(state, name)
    since = f"counted {counted.at:%Y-%m-%d %H:%M} UTC" if counted else "at the beginning"
    there, of = (amount_in_words(each, consumable.unit) for each in (left, amount))
    return f"{name}: {there} left of {of} ({since})"


def describe_stock(state: CampaignState) -> list[str]:
    """Returns what is left of each consumable, a sentence each."""
    names = state.spec.source.consumables
    if not names:
        return [f"Source {state.spec.source.name!r} uses up nothing that is counted."]
    return [f"{in_words(state, name)}." for name in names]


def stock_facts(state: CampaignState) -> list[dict[str, str | float | None]]:
    """Returns what is left of each consumable, ready for JSON."""
    left = stock_left(state)
    return [
        {
            "consumable": name,
            "left": float(left[name]),
            "of": float(_amount(state, name)),
            "unit": each.unit,
            "counted_at": state.counted[name].at.isoformat() if name in state.counted else None,
        }
        for name, each in state.spec.source.consumables.items()
    ]


def _amount(state: CampaignState, name: str) -> Decimal:
    counted = state.counted.get(name)
    stock = state.spec.source.consumables[name].stock
    return as_decimal(stock if counted is None else counted.amount)


def _use_of(state: CampaignState, name: str, trial: Trial) -> dict[str, Decimal]:
    """Returns what a trial used of a consumable since it was counted last, or reserves."""
    consumable, counted = state.spec.source.consumables[name], state.counted.get(name)
    if counted is None:
        n = n_uses(trial)
    elif trial.number in counted.trials and not trial.runs:
        n = 0  # told by a person without a run, and ended by then
    else:
        n = n_uses(trial, not_of=counted.runs)
    if n == 0:
        return {}
    try:
        return {"used": n * consumable.used_by(trial.configuration)}
    except InputError:  # only a trial that a person made and told has none
        return {}


def _read(name: str, text: str, consumables: dict[str, Consumable]) -> float:
    if name not in consumables:
        known = f"It has {', '.join(consumables)}." if consumables else "It has none."
        raise UnknownName(f"The source has no consumable {name!r}. {known}")
    unit = consumables[name].unit
    try:
        amount = float(text)
    except ValueError:
        try:
            read = read_number(text, unit=unit)
        except ValueError as error:
            raise InputError(f"Stock of {name!r}: {error}") from error
        amount = float(read) if isinstance(read, int | float) else math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise InputError(
            f"The stock of {name!r} cannot be {text!r}. Give what was counted, 0 or more, such as "
            f"{name}=80{'' if unit in ('', units.DIMENSIONLESS) else unit}."
        )
    return amount
