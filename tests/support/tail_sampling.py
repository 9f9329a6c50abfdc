"""What the collector's tail sampling keeps, from its published rules.

https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor:
a trace is kept when at least one policy says so. Written for the policies that we use; any other is
refused, not guessed at.
"""

from collections.abc import Iterable

from meshdoctor.lab.model import Trace
from tests.support.manifests import Manifest

_SALT = b"default-hash-seed"
_OFFSET, _PRIME = 0xCBF29CE484222325, 0x100000001B3  # FNV-1a of 64 bits
_RANGE = 2**64


def policies_of(config: Manifest) -> list[Manifest]:
    """Give the policies of a collector's configuration."""
    found: list[Manifest] = config["processors"]["tail_sampling"]["policies"]
    return found


def kept_by(policies: Iterable[Manifest], trace: Trace) -> list[str]:
    """Say which policies keep a trace, by name; none of them is "dropped".

    Raises:
        ValueError: a policy, or a setting of one, that is not known here.
    """
    return [policy["name"] for policy in policies if _keeps(policy, trace)]


def _keeps(policy: Manifest, trace: Trace) -> bool:
    match policy:
        case {"name": str(), "type": "status_code", "status_code": {"status_codes": list(codes)}}:
            return any(span.status_code in codes for span in trace.spans)
        case {"name": str(), "type": "latency", "latency": {"threshold_ms": int(least)}}:
            return _milliseconds(trace) >= least
        case {
            "name": str(),
            "type": "probabilistic",
            "probabilistic": {"sampling_percentage": int() | float() as share},
        }:
            return _hash(bytes.fromhex(trace.trace_id)) <= int((_RANGE - 1) * share / 100)
    raise ValueError(f"no policy that is known here: {policy}")


def _milliseconds(trace: Trace) -> int:
    """Whole milliseconds from the first span's start to the last one's end."""
    begin = min(span.start_ns for span in trace.spans)
    end = max(span.end_ns for span in trace.spans)
    return (end - begin) // 1_000_000


def _hash(trace_id: bytes) -> int:
    found = _OFFSET
    for byte in _SALT + trace_id:
        found = (found ^ byte) * _PRIME % _RANGE
    return found
