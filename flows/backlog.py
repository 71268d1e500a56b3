"""What Prefect's server has received and not yet written to its database.

Task runs reach the server as events over a web socket; it answers at once, queues them in memory
and writes them later. A server that stops before that loses them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prefect.server.utilities.messaging.memory import METRICS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SETTLED_S = 0.5  # two polls of the server's; what is read off a closed socket has arrived by then
STALLED_S = 4.0  # what Prefect could not write and gave up is counted as queued for ever


class Backlog:
    """Wraps Prefect's application and tells whether all that clients sent is written.

    Args:
        app: Prefect's application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open_streams = 0
        self._queued = 0
        self._still_since = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; counts the streams by which clients send events."""
        is_stream = scope["type"] == "websocket" and scope["path"].endswith("/events/in")
        self._open_streams += is_stream
        try:
            await self._app(scope, receive, send)
        finally:
            self._open_streams -= is_stream

    def is_written(self) -> bool:
        """Tell whether nothing is queued or moves in the queue, and no client can be sending."""
        queued = sum(topic["published"] - topic["consumed"] for topic in METRICS.values())
        if queued != self._queued or self._open_streams > 0:
            self._queued = queued
            self._still_since = time.monotonic()
        still_s = time.monotonic() - self._still_since
        return still_s >= (SETTLED_S if queued <= 0 else STALLED_S)
