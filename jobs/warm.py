"""Imported last by the warm server: what every child needs is then loaded before the first is forked."""

import gc
from importlib import import_module

# SQLAlchemy and structlog load these when they are first used, which would be in each child anew.
for _module in ("sqlalchemy.dialects.postgresql.psycopg", "structlog.dev", "rich.traceback", "psycopg"):
    import_module(_module)

# What is loaded stays: a collection in a child need not touch, and so copy, the server's pages.
gc.collect()
gc.freeze()
