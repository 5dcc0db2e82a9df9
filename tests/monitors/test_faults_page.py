"""What the pages on faults, security and scale name as their proof is there."""

import re

import pytest

from tests.house.tree import ROOT

TESTS = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("page", ["faults", "security", "scale", "monitoring"])
def test_every_test_and_every_bench_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    for name in set(re.findall(r"`(test_\w+)`", text)):
        assert f"def {name}(" in TESTS, name
    for module in set(re.findall(r"python -m (bench\.\w+)", text)):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
    for pattern in set(re.findall(r"`(tests/[\w/*.]+)`", text)):
        assert list(ROOT.glob(pattern.rstrip("/"))), pattern
