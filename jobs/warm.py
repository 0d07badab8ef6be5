"""Imported last by the warm server: what every child needs is then loaded before the first is forked."""

import gc
from importlib import import_module
from multiprocessing import spawn

from store.database import Database

# SQLAlchemy and structlog load these when they are first used, which would be in each child anew.
for _module in ("sqlalchemy.dialects.postgresql.psycopg", "structlog.dev", "rich.traceback", "psycopg"):
    import_module(_module)

# Likewise what is made when the first engine is.
Database("postgresql://nobody@localhost/nothing", process="warm")

# A child would import the worker's main module anew, under another name, and needs nothing of it.
for _step in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, _step, lambda _: None)

# What is loaded stays: a collection in a child need not touch, and so copy, the server's pages.
gc.collect()
gc.freeze()
