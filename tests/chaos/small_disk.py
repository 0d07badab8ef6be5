"""A disk of a few megabytes, and filling it to the last byte."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.embedded_binaries import server_user
from tests.chaos.verdict import Skipped

BLOCK = bytes(65_536)


class SmallDisk:
    """A tmpfs; `folder` is the server's to write."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "space"
        self._ballast = root / "ballast"
        self.folder.mkdir(mode=0o700)
        if user := server_user():
            os.chown(self.folder, user.uid, user.gid)

    def fill(self) -> None:
        """Leaves no room, not even what others have freed since the last time."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while file.write(BLOCK):
                pass

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Raises Skipped where none can be mounted."""
    if os.geteuid() != 0:
        raise Skipped("a small disk (tmpfs) needs root to be mounted")
    root = Path(tempfile.mkdtemp(prefix="matchday-chaos-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(root)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            raise Skipped(f"no tmpfs here: {done.stderr.strip()}")
        try:
            yield SmallDisk(root)
        finally:
            subprocess.run(["umount", "-l", str(root)], check=True)
    finally:
        root.rmdir()
