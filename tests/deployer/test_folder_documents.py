"""Documents as files in a directory."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest

from tests.deployer.documents_contract import DocumentsContract, OpenDocuments
from twin2multicloud.deployer.documents import Documents
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.errors import UsageError


class TestFolderDocuments(DocumentsContract):
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        return tmp_path / "kept" / "here"

    @pytest.fixture
    def open_documents(self, directory: Path) -> OpenDocuments:
        return partial(FolderDocuments, directory, beside=("runs", "state.db*"), secret=("devices/",))

    def test_names_are_paths_and_only_the_owner_reads_them(self, directory: Path, documents: Documents) -> None:
        documents.write("deployment.json", b"{}")
        documents.write("devices/deep/authority.key", b"key")
        documents.append("moves/current.ndjson", b"{}")
        files = {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()}
        assert set(files) == {"deployment.json", "devices/deep/authority.key", "moves/current.ndjson"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
        folders = [directory, *(path for path in directory.rglob("*") if path.is_dir())]
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
        assert files["moves/current.ndjson"].read_bytes() == b"{}\n"

    def test_a_secret_that_others_can_read_is_refused(self, directory: Path, documents: Documents) -> None:
        for name in ("devices/authority.key", "twin.json"):
            documents.write(name, b"one")
            (directory / name).chmod(0o644)
        with pytest.raises(UsageError, match=r"authority.key can be read by others \(mode 644\)"):
            documents.read("devices/authority.key")
        assert documents.read("twin.json") == b"one"

    def test_a_line_that_was_cut_off_anywhere_is_none_and_is_written_over(
        self, directory: Path, documents: Documents
    ) -> None:
        documents.append("log", b"one")
        documents.append("log", b"two, which is long")
        whole = (directory / "log").read_bytes()
        for cut in range(1, len(b"two, which is long\n") + 1):
            (directory / "log").write_bytes(whole[:-cut])
            assert documents.lines("log") == [b"one"]
            documents.append("log", b"3")
            assert documents.lines("log") == [b"one", b"3"]
        (directory / "log").write_bytes(b"cut off at the very beg")
        assert documents.lines("log") == []
        documents.append("log", b"1")
        assert documents.lines("log") == [b"1"]

    def test_what_is_kept_beside_them_is_no_document(self, directory: Path, documents: Documents) -> None:
        documents.write("twin.json", b"{}")
        (directory / "runs" / "1").mkdir(parents=True)
        for name in ("runs/1/events.jsonl", "state.db", "state.db-wal", ".draft-x", "notes~", "my notes"):
            (directory / name).write_bytes(b"")
        assert documents.names() == ["twin.json"]
        assert documents.names("runs/1/") == []
        for name in ("runs", "runs/1/events.jsonl", "state.db"):
            with pytest.raises(UsageError, match=f"'{name}' is no name of a document in .*, where it is something"):
                documents.write(name, b"")

    def test_a_draft_that_cannot_be_finished_does_not_stay(self, directory: Path, documents: Documents) -> None:
        documents.write("a/b", b"")
        with pytest.raises(IsADirectoryError):
            documents.write("a", b"")
        assert [path.name for path in directory.iterdir()] == ["a"]
