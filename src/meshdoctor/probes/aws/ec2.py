"""The probe that asks EC2 itself, through boto3: two questions that read and change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meshdoctor.probes.aws.documents import Documents, read_answer
from meshdoctor.probes.aws.errors import (
    AwsError,
    FailedError,
    NoCredentialsError,
    NonsenseError,
    NoRegionError,
    NotConnectedError,
    RefusedError,
    SilentError,
    ThrottledError,
    UnknownThingError,
)
from meshdoctor.probes.deadline import Deadline, TooLateError, within

SECONDS: Final = 10.0
"""Enough for a region at the other end of the world."""

_CONNECT_SECONDS: Final = 3.0
_ATTEMPTS: Final = 2

# EC2 API Reference, "Error codes for the Amazon EC2 API": the common ones, and those of our two.
_CODES: Final[dict[str, type[AwsError]]] = {
    **dict.fromkeys(
        (
            "UnauthorizedOperation",
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "InvalidClientTokenId",
            "ExpiredToken",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "OptInRequired",
            "Blocked",
        ),
        RefusedError,
    ),
    **dict.fromkeys(("RequestLimitExceeded", "Throttling", "ThrottlingException"), ThrottledError),
    **dict.fromkeys(
        (
            "InvalidGroup.NotFound",
            "InvalidGroupId.Malformed",
            "InvalidSecurityGroupID.NotFound",
            "InvalidInstanceID.NotFound",
            "InvalidInstanceID.Malformed",
        ),
        UnknownThingError,
    ),
}

# By name: the library is an extra, and this table must be readable without it. The first base
# class that is in it decides.
_LIBRARY: Final[dict[str, type[AwsError]]] = {
    **dict.fromkeys(
        (
            "NoCredentialsError",
            "PartialCredentialsError",
            "CredentialRetrievalError",
            "ProfileNotFound",
            "TokenRetrievalError",
            "SSOError",
            "LoginError",
            "NoAuthTokenError",
        ),
        NoCredentialsError,
    ),
    **dict.fromkeys(("NoRegionError", "InvalidRegionError", "UnknownRegionError"), NoRegionError),
    **dict.fromkeys(("ConnectTimeoutError", "ReadTimeoutError"), SilentError),
    **dict.fromkeys(
        ("EndpointConnectionError", "ProxyConnectionError", "SSLError", "ConnectionError"),
        NotConnectedError,
    ),
    **dict.fromkeys(("ResponseParserError", "HTTPClientError"), NonsenseError),
    **dict.fromkeys(("BotoCoreError", "ValueError"), FailedError),
}


@dataclass(frozen=True, slots=True)
class Ec2Question:
    """What to ask.

    Attributes:
        groups: ids of security groups.
        instances: ids of instances, whose groups are asked for as well.
        region: where; None for what environment and configuration say.
        endpoint: the address of another EC2; None for AWS.
        seconds: how long everything may take.
    """

    groups: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    region: str | None = None
    endpoint: str | None = None
    seconds: float = SECONDS


def look_at_groups(question: Ec2Question) -> tuple[Documents, tuple[str, ...]]:
    """Ask EC2 for groups and the instances in them, or for instances and their groups.

    Args:
        question: what to ask.

    Returns:
        What it told, and what it did not let us ask and is not vital.

    Raises:
        AwsError: it could not be had.
        ModuleNotFoundError: boto3 is not installed.
    """
    deadline = Deadline(question.seconds)
    try:
        return within(deadline, lambda: _look(question))
    except TooLateError as error:
        raise SilentError(f"EC2: {error}") from error


def _look(question: Ec2Question) -> tuple[Documents, tuple[str, ...]]:
    ec2 = _asked("EC2", lambda: _client(question))
    remarks: tuple[str, ...] = ()
    try:
        documents = _instances(ec2, question)
    except RefusedError as error:
        if question.instances:
            raise
        documents, remarks = Documents(), (f"the instances in the groups: {error}",)
    ids = {*question.groups, *(group for node in documents.nodes for group in node.groups)}
    return documents + _groups(ec2, sorted(ids)), remarks


def _client(question: Ec2Question) -> Any:  # noqa: ANN401 - boto3 makes its clients as it runs
    import boto3  # noqa: PLC0415 - an extra, and half a second
    from botocore.config import Config  # noqa: PLC0415 - comes with it

    config = Config(
        connect_timeout=min(_CONNECT_SECONDS, question.seconds),
        read_timeout=question.seconds,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
    session = boto3.session.Session(region_name=question.region)
    return session.client("ec2", endpoint_url=question.endpoint, config=config)


def _instances(ec2: Any, question: Ec2Question) -> Documents:  # noqa: ANN401 - as above
    if question.instances:
        wanted: dict[str, Any] = {"InstanceIds": list(question.instances)}
    else:
        wanted = {"Filters": [{"Name": "instance.group-id", "Values": list(question.groups)}]}
    asked = "describe-instances"
    pages = ec2.get_paginator("describe_instances").paginate(**wanted)
    answer = _asked(asked, pages.build_full_result)
    documents = read_answer({"Reservations": answer.get("Reservations", [])}, asked)
    found = {node.id for node in documents.nodes}
    if gone := [one for one in question.instances if one not in found]:
        raise UnknownThingError(f"{asked}: {', '.join(gone)} does not run")
    return documents


def _groups(ec2: Any, ids: Sequence[str]) -> Documents:  # noqa: ANN401 - as above
    asked = "describe-security-groups"
    return read_answer(_asked(asked, lambda: ec2.describe_security_groups(GroupIds=ids)), asked)


def _asked(what: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
    """Ask, and give our error for one of the library's."""
    try:
        return ask()
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise _ours(error, what) from error


def _ours(error: Exception, what: str) -> AwsError:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        told = answer.get("Error", {})
        code = str(told.get("Code", ""))
        words = _plain(f"{code}: {told.get('Message', '')}")
        return _CODES.get(code, FailedError)(f"{what}: {words}")
    names = (kind.__name__ for kind in type(error).__mro__)
    kind = next((_LIBRARY[name] for name in names if name in _LIBRARY), FailedError)
    return kind(f"{what}: {_plain(str(error))}")


def _plain(text: str) -> str:
    """Make a foreign text fit for a terminal: one line, no control characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:240]
