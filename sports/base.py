"""The sports that the platform knows, named once for parameters, tables and code."""

from typing import Literal

SportName = Literal["football"]
