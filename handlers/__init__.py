"""One file per job type, named as the type; importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

import structlog

from config.settings import Settings
from providers.catalogue import disabled

for _module in iter_modules(__path__):
    if not _module.ispkg:
        import_module(f"{__name__}.{_module.name}")

log = structlog.get_logger()


def worker_started(settings: Settings) -> None:
    """Says once for each provider that is left out what it lacks."""
    for left_out in disabled(settings):
        log.info("provider_disabled", source=left_out.provider.name, reason=left_out.reason)
