"""What is measured all the time, in words."""

from __future__ import annotations

from collections.abc import Iterator

from planner.campaign.sensors import Sensor
from planner.campaign.spec import CampaignSpec
from planner.campaign.words.phrases import after, duration, listed, number


def describe_sensors(spec: CampaignSpec) -> Iterator[str]:
    """Yields what is recorded beside the trials, how it is cleaned and how long it is kept."""
    for sensor in spec.sensors.values():
        about = f" ({sensor.about})" if sensor.about else ""
        source = f" from {sensor.source}" if sensor.source else ""
        unit = f" in{after(sensor.unit)}" if after(sensor.unit) else ""
        yield (
            f"It records {sensor.name}{about}{source}{unit}{_limits(sensor)}{_cleaned(sensor)}; "
            f"{_kept(sensor)}."
        )
    for name, sensed in spec.context.items():
        yield f"It knows {name} as the {sensed.in_words()}."
    if spec.required:
        so = listed(
            f"{each.words} (no older than {duration(each.fresh_s)})" for each in spec.required
        )
        yield f"Nothing is dispatched unless {so}."


def _limits(sensor: Sensor) -> str:
    low, high = sensor.limits
    match (low is None, high is None):
        case (True, True):
            return ""
        case (False, True):
            return f", nothing below {number(low or 0.0)}"
        case (True, False):
            return f", nothing above {number(high or 0.0)}"
        case _:
            return f", within {number(low or 0.0)} to {number(high or 0.0)}"


def _cleaned(sensor: Sensor) -> str:
    rule, said = sensor.filter, ""
    if rule.outliers is not None:
        said += f", without outliers of {rule.outliers} readings"
    if rule.noise is not None:
        said += f", as the median of {rule.noise} readings"
    return said


def _kept(sensor: Sensor) -> str:
    keep = sensor.keep
    if keep is None:
        return "kept for ever"
    means = f" for {duration(keep.means)}" if keep.means is not None else " for ever"
    return (
        f"readings are kept for {duration(keep.raw)}, means of {duration(keep.every)} with lowest "
        f"and highest{means}"
    )
