"""The verb that takes webhooks: what it refuses; that it takes them is shown beside its endpoint."""

from pathlib import Path

import pytest

from tests.earmark.workspaces import a_workspace, earmark, well


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nobody", "--secret", "env:HOOK"], "no source 'nobody' of kind inbox"),
        (["drop", "--secret", "whsec_plain"], "env:NAME"),
        (["drop", "--secret", "env:HOOK"], "HOOK is not set"),
    ],
)
def test_what_can_not_be_listened_for_is_a_sentence(tmp_path: Path, args: list[str], said: str) -> None:
    folder = a_workspace(tmp_path)
    (tmp_path / "drop").mkdir()
    well(folder, "sources", "add", "inbox", f"path={tmp_path / 'drop'}", "--id", "drop")
    result = earmark(folder, "sources", "listen", *args)
    assert result.exit_code == 2
    assert said in result.stderr
