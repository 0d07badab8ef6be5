"""Why a command ends without having done its work; each kind has its exit code.

CommandFailed          1  the job failed, the API refused, a process died
  x WrongUsage         2  an argument or a setting is wrong
  x OutOfReach         3  the API or the database cannot be reached
"""


class CommandFailed(Exception):
    """The text is one line for the person who typed the command."""

    exit_code = 1


class WrongUsage(CommandFailed):
    exit_code = 2


class OutOfReach(CommandFailed):
    exit_code = 3
