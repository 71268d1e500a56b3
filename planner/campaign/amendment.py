"""What has changed between two states of a campaign's file, and which of it may change.

What a trial means must stay: its parameters with their kinds and units, its outcomes, the source
that runs it. Bounds, rules, goals, budget, policy and the terms of a source may change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from planner.campaign.document import Path, dotted
from planner.campaign.spec import CampaignSpec
from planner.campaign.times import written_time
from planner.campaign.writing import in_one_line

_OF_PARAMETER = ("kind", "unit", "time_unit", "interpolation", "value")
_OF_OUTCOME = ("kind", "unit", "x_unit", "ordered", "reduce", "by")
_OF_SOURCE = ("kind", "table", "simulator", "inputs", "calibration", "adapter", "simulated")
_MAY_ONLY_GROW = ("choices", "levels", "classes")
_TIMES_OF_SOURCE = (("duration",), ("time_limit",), ("set_up", "time"))
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs.

    Args:
        where: its path in the file.
        words: what it was and what it is now.
        refusal: why it may not change; empty where it may.
        gone: names that are taken away; where no trial has used one they may be.
    """

    where: Path
    words: str
    refusal: str = ""
    gone: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{dotted(self.where)}: {self.words}"


def find_changes(before: CampaignSpec, after: CampaignSpec) -> tuple[Change, ...]:
    """Returns every entry that differs, in the order of the file.

    Args:
        before: as the campaign was opened or last amended.
        after: as its file says now.
    """
    was, now = (each.meaning(exclude_defaults=False) for each in (before, after))
    return tuple(
        Change(
            where,
            _words(where, old, new),
            _refusal(where, old, new, before, after),
            _gone(where, old, new),
        )
        for where, old, new in _differences((), was, now)
    )


def _differences(where: Path, was: Any, now: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Yields the smallest entries that differ; a list that got longer or shorter is one entry."""
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict) and was.get("kind") == now.get("kind"):
        for key in dict.fromkeys([*was, *now]):
            yield from _differences((*where, key), was.get(key, _NOTHING), now.get(key, _NOTHING))
    elif _are_lists_of_parts(was, now):
        for index, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from _differences((*where, index), old, new)
    else:
        yield where, was, now


def _are_lists_of_parts(was: Any, now: Any) -> bool:
    if not (isinstance(was, list) and isinstance(now, list) and len(was) == len(now)):
        return False
    return all(isinstance(each, dict) for each in (*was, *now))


def _words(where: Path, was: Any, now: Any) -> str:
    if was is _NOTHING:
        return f"added: {_shown(where, now)}"
    if now is _NOTHING:
        return f"taken away; it was {_shown(where, was)}"
    return f"{_shown(where, was)} -> {_shown(where, now)}"


def _shown(where: Path, value: Any) -> str:
    """Writes a value as the file would have it, without what is left at its default."""
    if value in (None, "", [], {}):
        return "none"
    return in_one_line(_as_in_the_file(where, value))


def _as_in_the_file(where: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_as_in_the_file((*where, i), each) for i, each in enumerate(value)]
    if isinstance(value, dict):
        return {
            key: _as_in_the_file((*where, key), each)
            for key, each in value.items()
            if key != "name" and each not in (None, "", [], {}, False)
        }
    return written_time(value) if _is_time(where) and value is not None else value


def _is_time(where: Path) -> bool:
    """Tells whether a number is a time, which a record keeps in seconds."""
    of_source = where[0] == "sources" and where[2:] in _TIMES_OF_SOURCE
    of_sensor = where[0] == "sensors" and (where[2:3] == ("keep",) or where[2:] == ("gap",))
    return where == ("budget", "time") or of_source or of_sensor


def _refusal(where: Path, was: Any, now: Any, before: CampaignSpec, after: CampaignSpec) -> str:
    match where:
        case ("seed", *_):
            return "the seed is the root of every choice that was made"
        case ("parameters", str(name), *rest):
            return _refusal_of_parameter(name, tuple(rest), was, now, before, after)
        case ("outcomes", str(name), *rest):
            return _refusal_of_outcome(name, tuple(rest), was, now)
        case ("sources", str(name), *rest):
            return _refusal_of_source(name, tuple(rest), before, after)
        case ("context", *_):
            return "it tells what was known of the trials that were made"
        case ("sensors", str(name), "unit"):
            return f"the readings of {name!r} are kept in its unit"
        case _:
            return ""


def _refusal_of_parameter(
    name: str, where: Path, was: Any, now: Any, before: CampaignSpec, after: CampaignSpec
) -> str:
    if not where:
        how = (
            "is new" if was is _NOTHING else "is gone" if now is _NOTHING else "is of another kind"
        )
        return f"parameter {name!r} {how}, and trials were made without that"
    if where[0] == "knots" and _free_knots(before, name) != _free_knots(after, name):
        return f"other knots of {name!r} are free than in the trials that were made"
    if where[0] in _OF_PARAMETER:
        return f"the {where[0]} of parameter {name!r} tells what the trials were"
    return _shrinks(("parameters", name, *where), was, now)


def _refusal_of_outcome(name: str, where: Path, was: Any, now: Any) -> str:
    if not where:
        return "" if was is _NOTHING else f"outcome {name!r} was measured so far, and not like this"
    if where[0] in _OF_OUTCOME:
        return f"the {where[0]} of outcome {name!r} tells what was measured"
    return _shrinks(("outcomes", name, *where), was, now)


def _refusal_of_source(name: str, where: Path, before: CampaignSpec, after: CampaignSpec) -> str:
    if not where and name in (before.source.name, after.source.name):
        return f"trials ran at source {before.source.name!r}, and no other may go on with them"
    if where and where[0] in _OF_SOURCE:
        return f"the {where[0]} of source {name!r} tells what the trials were made with"
    if where[:1] == ("consumables",) and where[2:] == ("unit",):
        return f"the stock of {where[1]!r} was counted in its unit"
    return ""


def _gone(where: Path, was: Any, now: Any) -> tuple[object, ...]:
    """Returns the names that are taken away from a list which trials choose from."""
    match where:
        case ("parameters" | "outcomes", str(_), str(key)) if key in _MAY_ONLY_GROW:
            is_list = isinstance(was, list) and isinstance(now, list)
            return tuple(each for each in was if each not in now) if is_list else ()
        case _:
            return ()


def _shrinks(where: Path, was: Any, now: Any) -> str:
    """Refuses that a name is taken away, unless the trials tell that none has used it."""
    gone = _gone(where, was, now)
    if not gone:
        return ""
    remedy = "" if where[2] == "classes" else "; rule it out with an 'exclude' constraint instead"
    return f"{', '.join(map(str, gone))} of {str(where[1])!r} was used{remedy}"


def _free_knots(spec: CampaignSpec, name: str) -> list[tuple[str, str, str]]:
    profile = spec.profiles.get(name)
    parameters = profile.parameters() if profile is not None else ()
    return [(each.name, each.kind, each.unit) for each in parameters]
