"""What a node's runtime says of a connection, in Go's words; and where certificates' files are."""

import errno
import socket
import ssl
from typing import Final

import pytest

from meshdoctor.lab.cluster.certificates import leading_elsewhere
from meshdoctor.lab.cluster.pulling import words_of

HOST: Final = "203.0.113.10:5000"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ECONNREFUSED, "Connection refused"), "connect: connection refused"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "connect: no route to host"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "connect: network is unreachable"),
        (
            OSError(errno.ECONNRESET, "Connection reset by peer"),
            "connect: connection reset by peer",
        ),
        (TimeoutError("timed out"), "i/o timeout"),
    ],
    ids=["refused", "no route", "no network", "reset", "silence"],
)
def test_an_error_is_told_as_go_tells_it(error: OSError, said: str) -> None:
    """With the address, and in lower case."""
    assert f"dial tcp {HOST}: {said}" == words_of(error, HOST)


def test_a_name_that_nobody_knows_and_a_stranger_have_words_of_their_own() -> None:
    """No address is in the first, and no connection in the others."""
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "dial tcp: lookup example.invalid: no such host" == words_of(unknown, "example.invalid")
    assert "unknown authority" in words_of(ssl.SSLCertVerificationError(1, "verify failed"), HOST)
    assert "tls: first record does not look like a TLS handshake" == words_of(ssl.SSLError(1), HOST)


def test_variables_lead_to_the_files_of_the_machine() -> None:
    """Those below the mount, whatever it is called, and no others."""
    container = {"volumeMounts": [{"name": "tls", "mountPath": "/secrets"}]}
    env = {"KEY": "/secrets/tls.key", "CA": "/secrets/ca", "OTHER": "/secretsarchive/x", "N": "1"}

    found = leading_elsewhere(env, container, "shop")

    assert {"KEY": "shop/tls.key", "CA": "shop/ca"} == {
        name: "/".join(value.split("/")[-2:]) for name, value in found.items()
    }


def test_a_container_without_certificates_keeps_its_variables() -> None:
    """Also one that mounts something else."""
    container = {"volumeMounts": [{"name": "data", "mountPath": "/tls"}]}

    assert {} == leading_elsewhere({"KEY": "/tls/tls.key"}, container, "shop")
    assert {} == leading_elsewhere({"KEY": "/tls/tls.key"}, {}, "shop")
