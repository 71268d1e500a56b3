"""The adapter to ``lab_server``: a device of class keyed behind HTTP.

A folder with a ``dist-info`` beside this file offers it; put ``tests/lab`` on ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from planner.campaign import Adapter, CampaignSpec
from planner.errors import LabUnavailable, Unanswered
from planner.labs import ORDERS, RESULTS, Answer, DeliveryClass, Lab, Order, Reported, Result
from planner.trials import DeviceState

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BenchLab:
    """Sends orders to the lab's address and reads its word for each key."""

    delivery = DeliveryClass.KEYED
    is_repeatable = False
    is_person = False

    def __init__(self, url: str) -> None:
        self._url = url

    def submit(self, order: Order) -> Answer:
        return _answer(self._call("PUT", order.key, ORDERS.dump_python(order, mode="json")))

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        found = {}
        for key in keys:
            try:
                found[key] = _answer(self._call("GET", key))
            except Unanswered as error:
                raise LabUnavailable(str(error)) from error
            except KeyError:
                continue
        return found

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return _answer(self._call("DELETE", key))

    def close(self) -> None:
        """Holds nothing open."""

    def _call(self, method: str, key: str, body: object = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/jobs/{quote(key, safe='')}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
        )
        try:
            with _DIRECT.open(request, timeout=5) as answer:
                said: dict[str, Any] = json.loads(answer.read())
                return said
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise KeyError(key) from error
            raise Unanswered(f"the lab answered {error.code} for {key}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                raise LabUnavailable(f"nobody listens at {self._url}") from error
            raise Unanswered(f"no answer for {key}: {error.reason}") from error
        except (OSError, ValueError) as error:
            raise Unanswered(f"no answer for {key}: {error}") from error


def _answer(said: dict[str, Any]) -> Answer:
    result = RESULTS.validate_python(said["result"]) if said["result"] else None
    return Answer(
        key=said["key"], state=DeviceState(said["state"]), result=result, reason=said["reason"]
    )


def make(source: Adapter, spec: CampaignSpec) -> Lab:
    return BenchLab(str(source.settings["url"]))


class InstantLab:
    """A lab function called directly: it answers each order at once, and knows none later."""

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def submit(self, order: Order) -> Answer:
        # always the same outcome: there is no model to fit, so what is measured is the loop
        result = Result(outcomes={"yield": Reported(value=50.0, unit="percent")})
        return Answer(key=order.key, state=DeviceState.DONE, result=result)

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        return {}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return Answer(key=key, state=DeviceState.ABORTED)

    def close(self) -> None:
        """Holds nothing open."""


def make_instant(source: Adapter, spec: CampaignSpec) -> Lab:
    return InstantLab()
