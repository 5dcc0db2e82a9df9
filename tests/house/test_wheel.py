"""What is shipped: a wheel built from this tree works without the tree."""

import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, modules, run_python

CODE_OR_RUBBISH = {".py", ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run_python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


def test_every_module_and_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in CODE_OR_RUBBISH and not path.name.startswith(".")
    ]
    assert data
    missing = [path.name for path in (*modules(), *data) if path.relative_to(ROOT).as_posix() not in names]
    assert not missing


def test_nothing_but_the_rooms_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)


def test_the_licence_is_in_the_wheel(wheel: Path) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_the_unpacked_wheel_reads_its_own_data(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from datetime import UTC, datetime\n"
        "import earmark, monitors, matcher.kinds, matcher.names\n"
        "from monitors.recorded import demo_pages\n"
        "print(earmark.__file__, len(demo_pages(datetime.now(UTC))))"
    )
    done = run_python("-P", "-c", code, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    place, pages = done.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert int(pages) > 10
