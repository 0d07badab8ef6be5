"""The web process: uvicorn on a socket that is bound first, so that a taken port is told at once."""

import socket

import uvicorn

from cli.failures import CommandFailed
from cli.settings import read_settings_with_database

# Event streams end by themselves when the process is told to stop; this is for whoever is slow.
SECONDS_TO_FINISH_REQUESTS = 10


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that holds the port; connections are refused until a server listens on it."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandFailed(
            f"cannot listen on {host}:{port}: {reason} (API_HOST and API_PORT choose another address)"
        ) from None
    return taken


def address_of(bound: socket.socket) -> str:
    """The URL by which this machine reaches a server on the socket."""
    host, port = bound.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def serve_web(host: str | None, port: int | None, descriptor: int | None) -> None:
    """Runs the web process until it is told to stop, on a socket it was given or one of its own."""
    settings = read_settings_with_database()
    if descriptor is not None:
        bound = socket.socket(fileno=descriptor)
    else:
        bound = bound_socket(host or settings.api_host, settings.api_port if port is None else port)
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH_REQUESTS,
    )
    uvicorn.Server(config).run(sockets=[bound])
