"""The settings as a command needs them: a wrong one ends it as wrong usage."""

from cli.failures import WrongUsage
from config.settings import Settings, SettingsError, load_settings, require_database


def read_settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise WrongUsage(str(error)) from None


def read_settings_with_database() -> Settings:
    try:
        return require_database(read_settings())
    except SettingsError as error:
        raise WrongUsage(str(error)) from None
