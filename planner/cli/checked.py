"""What a check of a device will do and has found, in words and in facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.campaign import CampaignSpec
    from planner.labs import DeliveryClass
    from planner.labs.checking import Examined, Verdict
    from planner.loop.dispatch.borrowing import Borrowed
    from planner.space import Configuration

_WIDTH = 10


def describe_plan(
    spec: CampaignSpec,
    settings: Configuration,
    *,
    device: str | None,
    delivery: DeliveryClass,
    borrowed: Borrowed,
    restart: str | None,
) -> Iterator[str]:
    """Yields what will be done to the device, before anybody agrees to it."""
    from planner.labs.checking import promises_of

    source = spec.source
    where = source.name if device is None else f"{source.name}, device {device}"
    cut = ", one that a restart cuts off" if restart else ""
    yield f"This performs real runs at {where}: one to its end, one that is taken back{cut}."
    yield "Where a promise is broken there may be more of them. Each is asked for:"
    for name, value in settings.items():
        unit = spec.units.get(name, "")
        yield f"  {name} = {value}{f' {unit}' if unit not in ('', '1') else ''}"
    n = len(promises_of(delivery))
    yield f"It tries the {n} promises of class {delivery}, in the name of ledger {borrowed.ledger}."
    if borrowed.is_bound_afterwards:
        yield (
            "Without --clear-token it obeys that ledger afterwards, until a person releases it "
            "(planner device FILE --release REASON)."
        )
    match restart:
        case None:
            yield "Nobody restarts the device, so what it knows then is not tried (--restart)."
        case "by you":
            yield "You are asked to restart the device, twice."
        case _:
            yield f"The device is restarted twice, by: {restart}"


def describe_verdicts(examined: Examined, remains: Sequence[str]) -> Iterator[str]:
    """Yields a line a promise, with the evidence where one is broken, and what remains."""
    for verdict in examined.verdicts:
        yield from _describe(verdict)
    findings = [str(each.finding) for each in examined.verdicts]
    counts = [f"{findings.count(name)} {name}" for name in ("kept", "broken", "not tried")]
    yield f"{len(findings)} promises: {', '.join(counts)}."
    if remains:
        yield "What remains: " + " ".join(remains)


def to_facts(spec: CampaignSpec, examined: Examined, remains: Sequence[str]) -> dict[str, Any]:
    """Returns what was found, ready for JSON."""
    return {
        "source": spec.source.name,
        "kept": examined.is_kept,
        "promises": [
            {
                "promise": each.promise.name,
                "says": each.promise.says,
                "finding": str(each.finding),
                "words": each.words,
                "evidence": list(each.evidence),
                "why": each.promise.why,
                "how": each.promise.how,
                "remedy": each.promise.remedy,
            }
            for each in examined.verdicts
        ],
        "remains": list(remains),
    }


def _describe(verdict: Verdict) -> Iterator[str]:
    promise, finding = verdict.promise, str(verdict.finding)
    is_broken = finding == "broken"
    shown = finding.upper() if is_broken else finding
    words = promise.says.rstrip(".") if is_broken else verdict.words
    yield f"{shown:<{_WIDTH}} {promise.name}: {words}."
    if not is_broken:
        return
    indent = " " * (_WIDTH + 1)
    yield f"{indent}It did not: {verdict.words}."
    for line in verdict.evidence:
        yield f"{indent}  {line}"
    yield f"{indent}Why it matters: {promise.why}"
    yield f"{indent}What to do: {promise.remedy}"
