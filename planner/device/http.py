"""The device as an HTTP server: jobs under their keys, with an OpenAPI document."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any

import fastapi
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from planner.device.agent import Agent
from planner.device.contract import Adjustment, Reading, Rejected
from planner.device.http_bounds import BadLink, Bounded
from planner.device.line import GoodLine, Line
from planner.device.readings import Readings
from planner.trials import (
    ANSWERS,
    HEARTBEATS,
    REJECTIONS,
    Answer,
    Heartbeat,
    Order,
    Rejection,
    Setting,
)

MOST_KEYS = 1_000
TAKER = "http"
_STATUS = {
    "stale token": 409,
    "other ledger": 409,
    "other order": 409,
    "locked": 423,
    "too often": 429,
    "unknown key": 404,
    "bad message": 422,
    "not allowed": 401,
}
# for FastAPI this is a dependency, which must be a real object and not a text
_Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
_LISTS: TypeAdapter[list[Answer]] = TypeAdapter(list[Answer])
_ADJUSTMENTS: TypeAdapter[Adjustment] = TypeAdapter(Adjustment)


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keys(_Words):
    """Which jobs are asked about."""

    keys: list[str] = Field(max_length=MOST_KEYS)


class Abort(_Words):
    """Takes a job back."""

    token: int = 0
    ledger: str = ""
    reason: str = ""


class Change(_Words):
    """New values for settings of a job that is under way."""

    digest: str
    parameters: dict[str, Setting]
    token: int = 0
    ledger: str = ""


class Person(_Words):
    """Who asks, and why."""

    by: str
    reason: str


class Answers(_Words):
    """What became of jobs."""

    answers: list[Answer]


class Stored(_Words):
    """Readings, the oldest first, and the number of the last."""

    readings: list[Reading]
    last: int


def make_app(
    agent: Agent,
    *,
    name: str,
    readings: Readings | None = None,
    token: str | None = None,
    clear_token: str | None = None,
    rate: float = 200.0,
    line: Line | None = None,
) -> fastapi.FastAPI:
    """Returns the device's HTTP side.

    Args:
        agent: does what is asked.
        name: of the device.
        readings: of its sensors.
        token: what a planner shows; None lets everybody in who can reach the port.
        clear_token: what a person shows to clear or release; None lets nobody do so here.
        rate: most requests a second; a stop always gets through.
        line: what happens to answers on their way.
    """
    app = fastapi.FastAPI(title=f"Device {name}", docs_url=None, redoc_url=None)
    line = line or GoodLine()
    for kind in (Rejected, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _refuse)
    known: dict[int | str, dict[str, Any]] = {
        status: {"model": Rejection} for status in sorted(set(_STATUS.values()))
    }
    planners = fastapi.APIRouter(dependencies=[Depends(_planner(token))], responses=known)
    _add_jobs(planners, agent)
    _add_state(planners, agent, line=line)
    _add_readings(planners, readings)
    people = fastapi.APIRouter(dependencies=[Depends(_person(clear_token))], responses=known)
    _add_people(people, agent)
    app.include_router(planners)
    app.include_router(people)
    app.add_middleware(Bounded, rate=rate)
    if not isinstance(line, GoodLine):
        app.add_middleware(BadLink, line=line)
    return app


def _planner(token: str | None) -> Callable[[_Shown], None]:
    def check(shown: _Shown) -> None:
        if token is not None and not _is_same(shown, token):
            raise _not_allowed("Send this device's token: 'Authorization: Bearer ...'.")

    return check


def _person(token: str | None) -> Callable[[_Shown], None]:
    def check(shown: _Shown) -> None:
        if token is None:
            raise _not_allowed("This device has no clear_token: clear it where it stands.")
        if not _is_same(shown, token):
            raise _not_allowed("Only a person may do this: send this device's clear_token.")

    return check


def _add_jobs(router: fastapi.APIRouter, agent: Agent) -> None:
    @router.put("/jobs/{key:path}/adjustments/{number}", response_model=Adjustment)
    def adjust(key: str, number: int, change: Change) -> Response:
        """Change settings of a job that is under way, at most once under each number."""
        word = agent.adjust(
            key,
            number,
            digest=change.digest,
            parameters=change.parameters,
            token=change.token,
            ledger=change.ledger,
        )
        return _json(_ADJUSTMENTS.dump_json(word))

    @router.put("/jobs/{key:path}", response_model=Answer)
    def take(key: str, order: Order) -> Response:
        """Send an order; again and again until it is answered, it is performed at most once."""
        if order.key != key:
            text = f"The address names job {key} and the order job {order.key}."
            raise Rejected(Rejection(key=key, error="bad message", reason=text))
        return _json(ANSWERS.dump_json(agent.take(order)))

    @router.post("/jobs/ask", response_model=Answers)
    def ask(keys: Keys) -> Response:
        """Ask what became of several jobs; unknown ones are left out."""
        return _json(b'{"answers":%s}' % _LISTS.dump_json(agent.answers(keys.keys)))

    @router.post("/jobs/{key:path}/abort", response_model=Answer)
    def abort(key: str, words: Abort) -> Response:
        """Take a job back: at once where it has not begun, otherwise as soon as that is safe."""
        answer = agent.abort(key, token=words.token, ledger=words.ledger, reason=words.reason)
        return _json(ANSWERS.dump_json(answer))

    @router.get("/jobs/{key:path}", response_model=Answer)
    def look(key: str) -> Response:
        """Ask what became of a job."""
        for answer in agent.answers([key]):
            return _json(ANSWERS.dump_json(answer))
        text = f"This device never took a job {key}."
        raise Rejected(Rejection(key=key, error="unknown key", reason=text))


def _add_state(router: fastapi.APIRouter, agent: Agent, *, line: Line) -> None:
    @router.post("/stop", response_model=Heartbeat)
    def stop(person: Person) -> Response:
        """Stop all at once; the device takes nothing until a person clears it."""
        return _json(HEARTBEATS.dump_json(agent.stop(by=person.by, reason=person.reason)))

    @router.get("/status", response_model=Heartbeat)
    def status() -> Response:
        """Ask how the device is."""
        beat = HEARTBEATS.dump_json(agent.heartbeat())
        return _json(beat) if line.has_beat() else Response(headers={"x-lost": "yes"})


def _add_readings(router: fastapi.APIRouter, readings: Readings | None) -> None:
    @router.get("/readings", response_model=Stored)
    def look_at_readings(after: int = 0) -> Response:
        """Fetch readings after this one; those up to it have arrived and may be dropped."""
        # a planner that has heard of more than this journal ever kept begins anew
        kept = readings.last() if readings is not None else 0
        rows: list[dict[str, object]] = []
        if readings is not None and after <= kept:
            readings.acknowledge(TAKER, up_to=after)
            rows = readings.after(after)
        last = rows[-1]["sequence"] if rows else min(after, kept)
        return _json(to_json({"readings": rows, "last": last}))


def _add_people(router: fastapi.APIRouter, agent: Agent) -> None:
    @router.post("/clear", response_model=Heartbeat)
    def clear(person: Person) -> Response:
        """Let a stopped device take orders again."""
        return _json(HEARTBEATS.dump_json(agent.clear(by=person.by, reason=person.reason)))

    @router.post("/release", response_model=Heartbeat)
    def release(person: Person) -> Response:
        """Let the device forget which ledger it obeys."""
        return _json(HEARTBEATS.dump_json(agent.release(by=person.by, reason=person.reason)))


def _json(content: bytes, *, status: int = 200) -> Response:
    return Response(content, status_code=status, media_type="application/json")


def _refuse(_request: Request, error: Exception) -> Response:
    if isinstance(error, Rejected):
        rejection = error.rejection
        return _json(REJECTIONS.dump_json(rejection), status=_STATUS[rejection.error])
    if isinstance(error, HTTPException):  # no such address, or JSON of a hundred thousand brackets
        status, reason = error.status_code, str(error.detail)
    else:
        assert isinstance(error, RequestValidationError)  # the last that is registered
        status, reason = 422, f"It cannot be read: {_say_faults(error)}"
    rejection = Rejection(error="bad message", reason=reason[:1000])
    return _json(REJECTIONS.dump_json(rejection), status=422 if status == 400 else status)


def _say_faults(error: RequestValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}"
        for each in error.errors()[:5]
    )


def _is_same(shown: HTTPAuthorizationCredentials | None, wanted: str) -> bool:
    return shown is not None and hmac.compare_digest(shown.credentials.encode(), wanted.encode())


def _not_allowed(reason: str) -> Rejected:
    return Rejected(Rejection(error="not allowed", reason=reason))
