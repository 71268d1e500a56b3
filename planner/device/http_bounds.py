"""Before a device's HTTP side: bounds on size and rate, and the faults of the virtual lab."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from planner.device.line import Line
from planner.device.rate import Bucket
from planner.trials import REJECTIONS, Rejection

MOST_BYTES = 2**20

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Bounded:
    """Refuses what is too large or comes too often, before anything is read or checked."""

    def __init__(self, app: Any, *, rate: float) -> None:
        self._app = app
        self._bucket = Bucket(rate)

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._bucket.has_room() and scope["path"] != "/stop":
            await _send_rejection(send, 429, self._bucket.rejection)
            return
        body = await _read_body(receive)
        if body is None:
            text = f"It has more than {MOST_BYTES:,} bytes, which is the most that is read."
            await _send_rejection(send, 413, Rejection(error="bad message", reason=text))
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> MutableMapping[str, Any]:
            return next(messages, None) or await receive()

        await self._app(scope, again, send)


async def _read_body(receive: _Receive) -> bytes | None:
    """Returns the whole body; None where it is too large, of which no more is read."""
    parts: list[bytes] = []
    n_bytes = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        n_bytes += len(part)
        if n_bytes > MOST_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send_rejection(send: _Send, status: int, rejection: Rejection) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": REJECTIONS.dump_json(rejection)})


class BadLink:
    """Loses or delays answers; the virtual lab's faults."""

    def __init__(self, app: Any, *, line: Line) -> None:
        self._app = app
        self._line = line

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Passes a request on, and its answer as the line lets it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[MutableMapping[str, Any]] = []

        async def hold(message: MutableMapping[str, Any]) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        delivery = self._line.delivery()
        is_lost = any(name == b"x-lost" for name, _ in held[0].get("headers", ()))
        await asyncio.sleep(delivery.delay_s)
        if delivery.copies == 0 or is_lost:
            await send({**held[0], "headers": [(b"content-length", b"1")]})
            raise ConnectionAbortedError("the answer is cut off; the server closes the connection")
        for message in held:
            await send(message)
