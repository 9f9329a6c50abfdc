"""What gRPC really said: status texts of failed calls, recorded with a fault made for each.

Names and ports are shortened; nothing else is. A row holds the versions of grpcio that were heard
saying it, the code's name, the text, and the cause. `a` is the c-ares resolver, `n` the native one.
"""

from typing import Final

_OLD = (
    "DNS resolution failed for shop.:50051: C-ares status is not ARES_SUCCESS qtype=A name=shop."
    " is_balancer=0: "
)
_NEW = (
    "errors resolving shop.:50051: [field:hostname lookup error:"
    "address lookup failed for shop.:50051: "
)
_NATIVE = (
    "errors resolving shop.:50051: [field:hostname lookup error:"
    "Address lookup failed for shop.:50051 os_error: "
)
_ALL = "failed to connect to all addresses; last error: "
_BACKENDS = "connections to all backends failing; last error: "
_AT = "ipv4:127.0.0.1:50051: "
_HANDSHAKE = " handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:"
_UNTRUSTED = (
    f"{_ALL}UNKNOWN: {_AT}Ssl{_HANDSHAKE}1000007d:SSL routines:"
    "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"
)
_EXPIRED = (
    f"{_ALL}UNKNOWN: {_AT}Tls{_HANDSHAKE}1000007d:SSL routines:"
    "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired: OK"
)
_OTHER_SIDE = (
    f"{_BACKENDS}UNKNOWN: {_AT}Tls{_HANDSHAKE}1000007d:SSL routines:"
    "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose: OK"
)
_NO_TLS = (
    f"{_ALL}UNKNOWN: {_AT}Tls{_HANDSHAKE}100000f7:SSL routines:"
    "OPENSSL_internal:WRONG_VERSION_NUMBER: Invalid certificate verification context: OK"
)
_OTHER_NAME = (
    f"{_ALL}UNKNOWN: {_AT}Custom verification check failed with error: UNAUTHENTICATED: "
    "Hostname Verification Check failed."
)

CERTAIN: Final = (
    ("1.71 1.76 a", f"{_OLD}Domain name not found", "dns-nxdomain"),
    ("1.80 1.85 a", f"{_NEW}Domain name not found]", "dns-nxdomain"),
    (
        "1.85 n",
        f"{_NATIVE}Name or service not known syscall: getaddrinfo]",
        "dns-nxdomain",
    ),
    ("1.76 a", f"{_OLD}DNS server returned general failure", "dns-servfail"),
    ("1.80 1.85 a", f"{_NEW}DNS server returned general failure]", "dns-servfail"),
    ("1.76 a", f"{_OLD}DNS server refused query", "dns-refused"),
    ("1.80 1.85 a", f"{_NEW}DNS server refused query]", "dns-refused"),
    ("1.71 1.76 a", f"{_OLD}Timeout while contacting DNS servers", "dns-timeout"),
    ("1.80 1.85 a", f"{_NEW}Timeout while contacting DNS servers]", "dns-timeout"),
    ("1.85 a, with a query timeout", f"{_NEW}DNS query cancelled]", "dns-timeout"),
    ("1.71 1.76 a", f"{_OLD}DNS server returned answer with no data", "dns-no-address"),
    ("1.80 1.85 a", f"{_NEW}DNS server returned answer with no data]", "dns-no-address"),
    (
        "1.71 1.76",
        f"{_ALL}UNKNOWN: {_AT}Failed to connect to remote host: connect: Connection refused (111)",
        "connect-refused",
    ),
    (
        "1.80 1.85",
        f"{_ALL}UNKNOWN: {_AT}Failed to connect to remote host: Connection refused",
        "connect-refused",
    ),
    (
        "1.62",
        f"{_ALL}UNKNOWN: {_AT}Failed to connect to remote host: FD Shutdown",
        "connect-timeout",
    ),
    (
        "1.71 1.76",
        f"{_ALL}UNKNOWN: {_AT}Failed to connect to remote host: Timeout occurred: FD Shutdown",
        "connect-timeout",
    ),
    (
        "1.80",
        f"{_ALL}UNKNOWN: {_AT}Failed to connect to remote host: connect() timed out",
        "connect-timeout",
    ),
    ("1.85", f"{_ALL}UNKNOWN: {_AT}tcp handshaker shutdown", "connect-timeout"),
    ("1.85", f"{_ALL}UNKNOWN: {_AT}No route to host", "connect-timeout"),
    (
        "1.85, an open connection falls silent",
        "Stream removed (recvmsg:Connection timed out (110))",
        "connect-timeout",
    ),
    (
        "1.71 1.76 1.80 1.85",
        f"{_ALL}UNKNOWN: {_AT}connection attempt timed out before receiving SETTINGS frame",
        "app-deadline",
    ),
    ("1.85", "Stream removed (Socket closed)", "connect-lost"),
    ("1.85", "Stream removed (recvmsg:Connection reset by peer (104))", "connect-lost"),
    ("1.71 1.76", _UNTRUSTED, "tls-handshake"),
    ("1.80 1.85", _EXPIRED, "tls-handshake"),
    ("1.80 1.85, a server without TLS", _NO_TLS, "tls-handshake"),
    ("1.85, round_robin, a client's certificate at a server", _OTHER_SIDE, "tls-handshake"),
    (
        "1.71 1.76",
        f"{_ALL}UNKNOWN: {_AT}Peer name shop is not in peer certificate",
        "tls-handshake",
    ),
    ("1.80 1.85", _OTHER_NAME, "tls-handshake"),
    ("1.85, stop() without grace", "Cancelling all calls", "app-draining"),
)
"""UNAVAILABLE: versions, text, cause."""

AMBIGUOUS: Final = (
    ("1.71 a: nobody listens, SERVFAIL or REFUSED", f"{_OLD}Could not contact DNS servers"),
    ("1.80 1.85 a: nobody listens", f"{_NEW}Could not contact DNS servers]"),
    ("n: whatever it was", "Temporary failure in name resolution"),
)
"""UNAVAILABLE: versions, a text that several DNS faults share."""

HUNG_UP: Final = (
    ("1.71 1.76 1.80 1.85", f"{_ALL}UNAVAILABLE: {_AT}Socket closed"),
    ("1.76", f"{_ALL}UNAVAILABLE: {_AT}recvmsg:Connection reset by peer"),
    (
        "1.85, round_robin: a TLS server and no certificate, a foreign one, an expired one",
        f"{_BACKENDS}UNAVAILABLE: {_AT}Socket closed",
    ),
)
"""UNAVAILABLE: versions, a text of a connection that ended before it began."""

FOREIGN: Final = (
    "",
    "the warehouse is closed",
    "upstream connect error",
    "no healthy upstream",
    "Ein Fehler ist aufgetreten",
    "\0\ud800\n" * 100,
)
"""Texts that no grpcio is known to write."""
