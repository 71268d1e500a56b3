"""A small campaign at a device, with names and units of the device's own."""

from __future__ import annotations

from pathlib import Path

from planner.campaign import CampaignSpec, parse_campaign
from planner.labs import DeviceLab, Order, draft_order, open_lab

TEXT = """
campaign: growth
parameters:
  temperature: {low: 500, high: 900, unit: degC, resolution: 0.5}
  catalyst: {choices: [iron, nickel, cobalt]}
  flow: {low: 1, high: 100, unit: sccm}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives:
  - {aim: maximise, outcome: yield}
sources:
  furnace:
    SOURCE
    map:
      temperature: {field: T_SP, unit: K, decimals: 2}
    outcomes:
      yield: {field: Y, unit: "1"}
budget: {trials: 20}
"""
SETTINGS = {"temperature": 700.0, "catalyst": "iron", "flow": 3.0}


def furnace(source: str) -> CampaignSpec:
    """Returns the campaign with these lines for its source."""
    lines = "\n    ".join(line.strip() for line in source.strip().splitlines())
    return parse_campaign(TEXT.replace("SOURCE", lines), path="growth.yaml")


def open_furnace(source: str, folder: Path) -> DeviceLab:
    lab = open_lab(furnace(source), folder=folder)
    assert hasattr(lab, "heartbeat")
    return lab


def order(number: int = 1, *, digest: str = "", token: int = 1, device: str | None = None) -> Order:
    """Returns the order of a trial, under its own key."""
    drafted = draft_order(furnace("kind: http\nurl: http://127.0.0.1:9"), SETTINGS)
    return Order(
        key=f"growth/{number}/1",
        digest=digest or drafted.digest,
        parameters=drafted.parameters,
        device=device,
        token=token,
        ledger="ledger 1",
    )
