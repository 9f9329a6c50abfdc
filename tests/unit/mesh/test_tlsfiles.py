"""Certificate, key and CA from files: believed only when they fit, and told apart when not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from meshdoctor.lab.authority import Authority, Leaf, Mounted
from meshdoctor.mesh.tls import TlsWatch
from meshdoctor.mesh.tlsfiles import TlsFileError, TlsFiles
from tests.support.tls_secrets import Lines, Secret

CA = Authority()
LEAF = CA.leaf("shop")
OTHER = CA.leaf("shop")
NO_CERTIFICATE = "expected PEM certificates, complete ones"
NO_KEY = "expected a PEM key without a password"


def locked(key: bytes) -> bytes:
    """Give a key under a password."""
    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


def test_files_that_fit_are_read(tmp_path: Path) -> None:
    """What is read is what is there, byte for byte."""
    pair = Secret(tmp_path / "tls", LEAF).tls_files.read()

    assert (LEAF.certificate, LEAF.key, CA.certificate) == (pair.certificate, pair.key, pair.ca)


@pytest.mark.parametrize(
    ("name", "content", "part", "why"),
    [
        ("tls.key", OTHER.key, "key", "this key does not belong to the certificate"),
        ("tls.crt", OTHER.certificate, "key", "this key does not belong to the certificate"),
        ("tls.key", LEAF.key[:100], "key", NO_KEY),
        ("tls.key", b"", "key", NO_KEY),
        ("tls.key", locked(LEAF.key), "key", NO_KEY),
        ("tls.crt", b"", "certificate", NO_CERTIFICATE),
        ("tls.crt", LEAF.certificate[:200], "certificate", NO_CERTIFICATE),
        ("tls.crt", LEAF.certificate + CA.certificate[:200], "certificate", NO_CERTIFICATE),
        ("tls.crt", b"\xff\xfe", "certificate", NO_CERTIFICATE),
        ("ca.crt", CA.certificate + CA.certificate[:-30], "ca", NO_CERTIFICATE),
        ("ca.crt", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "ca", ""),
    ],
    # Bytes that are new each time would be names of tests that no two workers share.
    ids=(
        *("other key", "other leaf", "half a key", "no key", "locked key", "no leaf"),
        *("half a leaf", "half a chain", "no text", "half a CA", "empty CA"),
    ),
)
def test_files_that_do_not_fit_are_named(
    tmp_path: Path, name: str, content: bytes, part: str, why: str
) -> None:
    """The error says which of the three it is, where it is, and what is wrong with it."""
    files = Mounted(tmp_path / "tls", {**LEAF.files(), name: content})

    with pytest.raises(TlsFileError) as caught:
        TlsFiles(files.path / "tls.crt", files.path / "tls.key", files.path / "ca.crt").read()

    where = {"certificate": "tls.crt", "key": "tls.key", "ca": "ca.crt"}[part]
    assert part == caught.value.part
    assert str(caught.value).startswith(f"{files.path / where}: {why}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Nothing there is an error of the same kind."""
    with pytest.raises(TlsFileError, match=r"tls\.crt: no such file or directory$"):
        TlsFiles(tmp_path / "tls.crt", tmp_path / "tls.key", tmp_path / "ca.crt").read()


def test_a_folder_is_a_bundle(tmp_path: Path) -> None:
    """All its files are believed, in the order of their names; what the kubelet hides is not."""
    secret = Secret(tmp_path / "tls", LEAF)
    new = Authority("new")
    folder = Mounted(tmp_path / "ca", {"one.crt": CA.certificate, "two.crt": new.certificate})
    files = secret.tls_files

    pair = TlsFiles(files.certificate, files.key, folder.path).read()

    assert CA.certificate + b"\n" + new.certificate == pair.ca


def test_an_empty_folder_believes_nobody(tmp_path: Path) -> None:
    """That is no bundle, and certainly no leave to believe everybody."""
    (tmp_path / "ca").mkdir()
    files = Secret(tmp_path / "tls", LEAF).tls_files

    with pytest.raises(TlsFileError, match="ca: the folder is empty"):
        TlsFiles(files.certificate, files.key, tmp_path / "ca").read()


def test_a_swap_is_seen_once(tmp_path: Path) -> None:
    """All files change through one link: the next look has the new pair, the one after nothing."""
    lines = Lines()
    secret = Secret(tmp_path / "tls", LEAF)
    watch = TlsWatch(secret.tls_files, lines.logger)

    assert not watch.look()
    secret.swap(OTHER.files())
    assert watch.look()
    assert not watch.look()
    assert OTHER.key == watch.pair.key
    assert ["tls.renewed"] == lines.events()


def _half(folder: Path) -> None:
    (folder / "tls.crt").write_bytes(OTHER.certificate[:99])


def _mismatched(folder: Path) -> None:
    (folder / "tls.crt").write_bytes(OTHER.certificate)


def _gone(folder: Path) -> None:
    (folder / "tls.crt").unlink()


@pytest.mark.parametrize("harm", [_half, _mismatched, _gone])
def test_the_last_good_pair_stays(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """What cannot be used is told in one line, however often it is looked at; then it is mended."""
    lines = Lines()
    files = _written(tmp_path, LEAF)
    watch = TlsWatch(files, lines.logger)

    harm(tmp_path)
    assert [False, False, False] == [watch.look() for _look in range(3)]
    assert LEAF.key == watch.pair.key
    assert ["tls.kept"] == lines.events()
    assert str(tmp_path) in lines.all()[0]["reason"]

    _written(tmp_path, OTHER)
    assert watch.look()
    assert OTHER.key == watch.pair.key
    assert ["tls.kept", "tls.renewed"] == lines.events()


def test_the_same_files_anew_are_no_news(tmp_path: Path) -> None:
    """A copy over itself renews no connection."""
    watch = TlsWatch(_written(tmp_path, LEAF))

    _written(tmp_path, LEAF)

    assert not watch.look()


def test_a_watch_begins_with_a_good_pair(tmp_path: Path) -> None:
    """Without one there is nothing to keep."""
    files = _written(tmp_path, LEAF)
    _half(tmp_path)

    with pytest.raises(TlsFileError):
        TlsWatch(files)


def _written(folder: Path, leaf: Leaf) -> TlsFiles:
    for name, content in leaf.files().items():
        (folder / name).write_bytes(content)
    return TlsFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
