"""docker-compose.yml and the Dockerfile, read as their tools would read them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from jobs.worker import SECONDS_AFTER_GRACE
from tests.deploy.commands import is_command

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def services(compose: Any) -> Any:
    return compose["services"]


def test_the_same_processes_run_as_in_the_procfile(services: Any) -> None:
    assert set(services) == {"postgres", "migrate", "web", "worker"}


@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_each_command_is_one_of_ours(services: Any, service: str) -> None:
    assert is_command(services[service]["command"])


@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_each_target_is_in_the_dockerfile(services: Any, service: str) -> None:
    targets = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert services[service]["build"]["target"] in targets


@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_each_environment_variable_is_a_setting_or_the_password(services: Any, service: str) -> None:
    known = {name.upper() for name in Settings.model_fields} | {"PGPASSWORD"}
    assert set(services[service]["environment"]) <= known


def test_the_database_is_ready_before_it_is_migrated(services: Any) -> None:
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "healthcheck" in services["postgres"]


@pytest.mark.parametrize("service", ["web", "worker"])
def test_it_is_migrated_before_anybody_uses_it(services: Any, service: str) -> None:
    assert services[service]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_password_has_no_default(compose: Any) -> None:
    texts = re.findall(r"\$\{[^}]+\}", (ROOT / "docker-compose.yml").read_text())
    assert texts
    assert all(text.startswith("${POSTGRES_PASSWORD:?") for text in texts)


def test_a_worker_is_given_more_time_than_it_takes(services: Any) -> None:
    worker = services["worker"]
    taken = float(worker["environment"]["WORKER_GRACE_SECONDS"]) + SECONDS_AFTER_GRACE
    assert float(worker["stop_grace_period"].removesuffix("s")) > taken


def test_children_of_killed_workers_are_reaped(services: Any) -> None:
    assert services["worker"]["init"] is True


def test_the_images_run_as_nobody_special() -> None:
    for target in ("web", "worker"):
        stage = DOCKERFILE.split(f" AS {target}\n")[1].split("\nFROM ")[0]
        assert "\nUSER matchday\n" in stage


def test_the_web_image_has_no_machine_learning() -> None:
    assert "requirements-worker.txt" not in DOCKERFILE.split(" AS packages-worker")[0]
    assert "COPY --from=packages /opt" in DOCKERFILE.split(" AS web\n")[1].split("\nFROM ")[0]


def test_every_image_is_pinned_to_a_version(compose: Any) -> None:
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"postgres:18\.\d+-\w+", compose["services"]["postgres"]["image"])


def test_what_the_images_copy_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    packages = re.findall(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text())[0]
    needed = [name.strip(' "') for name in packages.split(",")]
    assert ignored[0] == "*"
    assert set(needed) <= {line.removeprefix("!") for line in ignored}
