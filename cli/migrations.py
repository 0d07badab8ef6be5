"""`matchday migrate`."""

from cli.failures import OutOfReach
from cli.settings import read_settings_with_database
from cli.terminal import notes
from store.migrations import MigrationError, migrate


def run_migrations() -> None:
    console = notes()
    settings = read_settings_with_database()
    try:
        report = migrate(settings.direct_url, log=lambda line: console.print(line, markup=False))
    except MigrationError as error:
        raise OutOfReach(str(error)) from None
    done = f"{len(report.applied)} applied" if report.applied else "nothing to do"
    console.print(f"the database is at migration {report.version}: {done}")
