"""What may stand in tracked files, and what the two commands install."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, imports_of, label, modules

PINS = ("constraints.txt", "constraints-run.txt")
# Each in two halves, so that this file doesn't hold what it looks for.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "index" + "-url")
MACHINES = re.compile("(?<![\\w.])/(work|root|home/[a-z]+|Users/[A-Za-z]+)" + "/(?=[a-z.])")


def tracked() -> list[Path]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so there is no list of tracked files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607 - git of the PATH
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def pins(name: str) -> dict[str, list[str]]:
    """Each requirement with its version and marker, and its hashes."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").strip()):
        requirement, *hashes = [part.strip() for part in block.split(" \\\n")]
        found[requirement] = hashes
    return found


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", each)[0].lower().replace("_", "-") for each in requirements}


def test_no_tracked_file_names_a_package_registry_or_a_machine() -> None:
    found: list[str] = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.name}: {word}" for word in REGISTRIES if word in text]
        found += [f"{path.name}: {match[0]}" for match in MACHINES.finditer(text)]
    assert not found


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_exact_and_has_hashes(name: str) -> None:
    for requirement, hashes in pins(name).items():
        assert re.match(r"[\w.\-\[\]]+==[\w.!+]+( ; .+)?$", requirement), requirement
        assert hashes, f"{requirement} has no hash; run make constraints."
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("name", PINS)
def test_pins_hold_no_addresses(name: str) -> None:
    assert not re.search(r"://|^\s*-[^-]|^--(?!hash)|@", (ROOT / name).read_text("utf-8"), re.MULTILINE)


def test_what_running_needs_is_part_of_what_is_tested() -> None:
    everything, running = pins("constraints.txt"), pins("constraints-run.txt")
    assert running.items() <= everything.items()
    assert len(running) < len(everything)


def test_every_dependency_is_bounded_and_pinned() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, groups = settings["project"], settings["dependency-groups"]
    running = [*project["dependencies"], *groups["build"]]
    extra = [each for extras in project["optional-dependencies"].values() for each in extras]
    for requirement in (*running, *extra, *groups["dev"], *settings["build-system"]["requires"]):
        assert ">=" in requirement, requirement
        assert "<" in requirement, requirement
    assert names_of(running) <= names_of(list(pins("constraints-run.txt")))
    assert names_of([*running, *extra, *groups["dev"]]) <= names_of(list(pins("constraints.txt")))


def top_levels(requirements: list[str]) -> dict[str, set[str]]:
    """The modules that each required distribution brings."""
    wanted = names_of(requirements)
    found: dict[str, set[str]] = {name: set() for name in wanted}
    for module, distributions in metadata.packages_distributions().items():
        for name in {each.lower().replace("_", "-") for each in distributions} & wanted:
            found[name].add(module)
    return found


def declared() -> tuple[list[str], list[str]]:
    """What running may need, extras too, and what development needs besides."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, groups = settings["project"], settings["dependency-groups"]
    extra = [each for extras in project["optional-dependencies"].values() for each in extras]
    return [*project["dependencies"], *extra], [*groups["dev"], *groups["build"]]


def test_every_dependency_is_used() -> None:
    """A library that no module imports is left out: it would cost every user its download."""
    imported = {name.split(".")[0] for path in modules() for name in imports_of(path)}
    by_address = {"psycopg"}  # SQLAlchemy imports it for a postgresql+psycopg address
    by_address |= {"python-multipart"}  # and Starlette this one, for a form
    brought = top_levels(declared()[0]).items()
    assert {name for name, brings in brought if not brings & imported} <= by_address


def test_nothing_is_imported_that_is_not_declared() -> None:
    running, developing = declared()
    own = set(sys.stdlib_module_names) | {*ROOMS, "tests", "scripts", "bench"}
    own.add("pydantic_core")  # the other half of pydantic, pinned by it
    known = own.union(*top_levels(running).values())
    for path in modules():
        assert {name.split(".")[0] for name in imports_of(path)} <= known, label(path)
    known = known.union(*top_levels(developing).values())
    for path in (*ROOT.glob("tests/**/*.py"), *ROOT.glob("scripts/*.py")):
        assert {name.split(".")[0] for name in imports_of(path)} <= known, label(path)


def test_every_dependency_gives_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.findall(
        r'^\s+"[\w.\[\]-]+>=[^"]*",.*$|^\w+ = \["[\w.\[\]-]+>=[^"]*"\].*$', text, re.MULTILINE
    )
    assert len(listed) > len(tomllib.loads(text)["project"]["dependencies"])
    assert not [line for line in listed if "#" not in line]


def test_ci_runs_the_fast_set_and_then_the_slow_one() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    commands = [line for line in lines if line.startswith("make ")]
    assert commands == ["make test", "make test-all"]
    assert "set -euo pipefail" in lines


def test_the_readme_names_the_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    # Commands only: prose may "make the" anything.
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert {"run", "test", "test-all"} <= named
    assert named <= targets
