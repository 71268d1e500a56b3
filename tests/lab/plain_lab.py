"""Adapters to the two plain devices of the kill tests: one of two phases, one that only logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from planner.campaign import Adapter, CampaignSpec
from planner.errors import LabUnavailable, Unanswered
from planner.labs import ORDERS, Answer, DeliveryClass, Lab, Order, Reported, Result
from planner.trials import DeviceState

_STATES = {"waiting": DeviceState.ACCEPTED, "moving": DeviceState.STARTED, "done": DeviceState.DONE}
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Line:
    """Requests to one address.

    Args:
        url: of the device.
    """

    def __init__(self, url: str) -> None:
        # a connection for each request: the device's replies do not say what they answer, and one
        # that came twice would be taken for the next one
        self._client = httpx.Client(
            base_url=url,
            trust_env=False,
            timeout=httpx.Timeout(2.0, connect=1.0),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def call(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        """Return status and content.

        Raises:
            LabUnavailable: nothing left.
            Unanswered: it may have arrived.
        """
        try:
            said = self._client.request(method, path, json=content)
            return said.status_code, said.json()
        except _NEVER_LEFT as error:
            raise LabUnavailable(f"{path}: {error}. Nothing was sent.") from error
        except (httpx.TransportError, ValueError) as error:
            raise Unanswered(f"{path}: {error}. It may have arrived.") from error

    def ask(self, path: str) -> tuple[int, Any]:
        """Return status and content of what costs nothing to ask again."""
        try:
            return self.call("GET", path)
        except Unanswered as error:
            raise LabUnavailable(str(error)) from error

    def close(self) -> None:
        self._client.close()


class PlainLab:
    """What both have."""

    is_repeatable = False
    is_person = False

    def __init__(self, url: str) -> None:
        self._line = Line(url)

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return Answer(key=key, state=DeviceState.STARTED, reason="this device cannot be stopped")

    def close(self) -> None:
        self._line.close()


class TwoPhaseFace(PlainLab):
    """Prepares under a handle of the device's; begins it, and asks before it begins it again."""

    delivery = DeliveryClass.TWO_PHASE

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._handles: dict[str, str] = {}

    def submit(self, order: Order) -> Answer:
        return self.commit(order, self.prepare(order))

    def prepare(self, order: Order) -> str:
        _, said = self._line.call("POST", "/prepare", ORDERS.dump_python(order, mode="json"))
        return str(said["handle"])

    def commit(self, order: Order, handle: str) -> Answer:
        self._handles[order.key] = handle
        status, _ = self._line.call("POST", f"/begin/{handle}")
        if status == 404:
            raise LabUnavailable("the device was started again and has forgotten what it prepared")
        return Answer(key=order.key, state=DeviceState.ACCEPTED)

    def is_prepared(self, handle: str) -> bool:
        status, said = self._line.ask(f"/handles/{handle}")
        return status == 200 and said["state"] == "prepared"

    def recall(self, order: Order, handle: str) -> None:
        self._handles[order.key] = handle

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        found = {}
        for key in keys:
            status, said = self._line.ask(f"/handles/{self._handles.get(key)}")
            if status == 200 and said["state"] != "prepared":
                found[key] = _answer(key, said)
        return found


class FireAndObserveFace(PlainLab):
    """Sends once, and looks into the device's log for an act with the same settings."""

    delivery = DeliveryClass.FIRE_AND_OBSERVE

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._sent: dict[str, object] = {}

    def submit(self, order: Order) -> Answer:
        content = ORDERS.dump_python(order, mode="json")
        self._sent[order.key] = content["parameters"]
        status, _ = self._line.call("POST", "/run", content)
        if status == 409:
            raise LabUnavailable("the device is busy and has taken nothing")
        return Answer(key=order.key, state=DeviceState.STARTED)

    def recall(self, order: Order, handle: str) -> None:
        self._sent[order.key] = ORDERS.dump_python(order, mode="json")["parameters"]

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        _, said = self._line.ask("/log")
        found = {}
        for key in keys:
            acts = [each for each in said["acts"] if each["parameters"] == self._sent.get(key)]
            if acts and acts[-1]["state"] == "moving" and acts[-1]["boot"] != said["boot"]:
                reason = "its log has the beginning of the act and no end"
                found[key] = Answer(key=key, state=DeviceState.UNKNOWN, reason=reason)
            elif acts:
                found[key] = _answer(key, acts[-1])
        return found


def _answer(key: str, said: Mapping[str, Any]) -> Answer:
    state = _STATES[said["state"]]
    if state is not DeviceState.DONE:
        return Answer(key=key, state=state)
    outcomes = {name: Reported(**each) for name, each in said["outcomes"].items()}
    return Answer(key=key, state=state, result=Result(outcomes=outcomes))


def make_two_phase(source: Adapter, spec: CampaignSpec) -> Lab:
    return TwoPhaseFace(str(source.settings["url"]))


def make_fire_and_observe(source: Adapter, spec: CampaignSpec) -> Lab:
    return FireAndObserveFace(str(source.settings["url"]))
