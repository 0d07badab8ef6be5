"""`python -m bench.contest NAME COMMAND ...` in the contestant's own interpreter."""

import sys
from importlib import import_module

from bench.contest.protocol import main

if __name__ == "__main__":
    name = sys.argv.pop(1)
    sys.exit(main(import_module(f"bench.contest.{name}").CONTESTANT))
