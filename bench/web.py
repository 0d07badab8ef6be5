"""The web process with the benches' job types added to the real ones."""

from importlib import import_module

from fastapi import FastAPI

from app.main import create_app as create_real_app


def create_app() -> FastAPI:
    import_module("bench.handlers")
    return create_real_app()
