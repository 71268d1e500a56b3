"""A server of a device's HTTP side, in a thread of its own."""

from __future__ import annotations

import ssl
import threading

import fastapi
import uvicorn

from planner.errors import Refused


class HttpServer:
    """Serves an app in a thread of its own.

    Args:
        app: what is served.
        host: address to listen on.
        port: 0 means any that is free.
        certificate: PEM files of certificate and key, for TLS.
        clients: PEM file of who signs the certificates of those that may connect; without it none
            is asked for.
    """

    def __init__(
        self,
        app: fastapi.FastAPI,
        *,
        host: str,
        port: int,
        certificate: tuple[str, str] | None = None,
        clients: str | None = None,
    ) -> None:
        files = certificate or (None, None)
        self._scheme = "https" if certificate else "http"
        self._config = uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=files[0],
            ssl_keyfile=files[1],
            ssl_ca_certs=clients,
            ssl_cert_reqs=ssl.CERT_NONE if clients is None else ssl.CERT_REQUIRED,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)
        self._fault: BaseException | None = None

    def _serve(self) -> None:
        try:
            self._server.run()
        except BaseException as error:  # uvicorn leaves by SystemExit where the port is taken
            self._fault = error

    def start(self) -> str:
        """Begins to serve.

        Returns:
            The address.

        Raises:
            Refused: the port is taken, or the certificate cannot be read.
        """
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                place = f"{self._config.host}:{self._config.port}"
                raise Refused(
                    f"The device cannot listen on {place}: the port is taken, or the certificate "
                    f"cannot be used ({self._fault or 'the server ended'}). Name another port, or "
                    f"end the program that has it."
                )
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"{self._scheme}://{self._config.host}:{port}"

    def close(self) -> None:
        """Ends serving."""
        self._server.should_exit = True
        self._thread.join(5)
