"""A registry with versions whose artifacts lie in a folder, as trainings would have left them."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from modeling.promotion import put_in_service
from modeling.stacks import STACKS, Member, written
from store.database import Database
from store.models import ModelRow, add_version, lock_registry, set_status
from tests.store.test_models import NEW


@dataclass(frozen=True)
class Registry:
    """What tests put into the tables and the folder."""

    database: Database
    folder: Path

    async def add(
        self, name: str = "elo_logit", *, artifact: bytes = b"{}", features: tuple[str, ...] = ("elo",)
    ) -> ModelRow:
        new = replace(NEW, name=name, artifact_sha256=self.kept(artifact), features=list(features))
        async with self.database.transaction() as conn:
            await lock_registry(conn, "football")
            return await add_version(conn, new)

    async def add_stack(self, name: str = "ensemble", *, member: bytes = b"member") -> ModelRow:
        key = self.kept(member)
        return await self.add(name, artifact=written([Member(one, key, 0.2) for one in STACKS[name]]))

    async def deployed(self, name: str = "elo_logit", *, artifact: bytes = b"{}") -> ModelRow:
        """As a training puts it in service."""
        model = await self.add(name, artifact=artifact)
        async with self.database.transaction() as conn:
            await put_in_service(
                conn, model, action="deployed", actor="job 1", reason="better", says="better"
            )
        return model

    async def refused(self) -> ModelRow:
        model = await self.add()
        async with self.database.transaction() as conn:
            await set_status(conn, model.id, "refused", "log loss 1.0700, must be below 1.05")
        return model

    def kept(self, artifact: bytes) -> str:
        key = hashlib.sha256(artifact).hexdigest()
        self.folder.mkdir(exist_ok=True)
        (self.folder / key).write_bytes(artifact)
        return key
