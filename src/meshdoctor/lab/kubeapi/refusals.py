"""How a Kubernetes API says no: Status objects, in its own words where clients show them.

Source: the reference of the Kubernetes API, "Status", and apimachinery's `errors` package.
"""

from http import HTTPStatus
from typing import Any

from meshdoctor.lab.kubeapi.resources import Resource

Manifest = dict[str, Any]


class RefusalError(Exception):
    """A request that is answered with a Status.

    Args:
        code: of HTTP.
        reason: the machine's word, such as `NotFound`.
        message: what a person reads.
        details: what it is about.
    """

    def __init__(self, code: int, reason: str, message: str, details: Manifest) -> None:
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": details,
        }


def about(resource: Resource, name: str) -> Manifest:
    """Say what a refusal is about."""
    return {"name": name, "group": resource.group, "kind": resource.plural}


def not_found(resource: Resource, name: str) -> RefusalError:
    """There is no such object."""
    text = f'{resource.title} "{name}" not found'
    return RefusalError(HTTPStatus.NOT_FOUND, "NotFound", text, about(resource, name))


def unauthorized() -> RefusalError:
    """Nobody knows who asks."""
    return RefusalError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized", {})


def expired(version: int) -> RefusalError:
    """What happened since then is no longer known; clients list anew."""
    text = f"too old resource version: {version}"
    return RefusalError(HTTPStatus.GONE, "Expired", text, {})


def unknown_path(path: str) -> RefusalError:
    """There is no such kind, or nothing at all under that path."""
    text = f"the server could not find the requested resource ({path})"
    return RefusalError(HTTPStatus.NOT_FOUND, "NotFound", text, {})


def already_exists(resource: Resource, name: str) -> RefusalError:
    """An object of that name is there."""
    text = f'{resource.title} "{name}" already exists'
    return RefusalError(HTTPStatus.CONFLICT, "AlreadyExists", text, about(resource, name))


def conflict(resource: Resource, name: str) -> RefusalError:
    """Somebody else changed it since the client read it."""
    text = (
        f'Operation cannot be fulfilled on {resource.title} "{name}": the object has been '
        "modified; please apply your changes to the latest version and try again"
    )
    return RefusalError(HTTPStatus.CONFLICT, "Conflict", text, about(resource, name))


def terminating(resource: Resource, name: str, namespace: str) -> RefusalError:
    """The namespace is being deleted and takes nothing new."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    text = f'{resource.title} "{name}" is forbidden: {why}'
    cause = {"reason": "NamespaceTerminating", "field": "metadata.namespace", "message": why}
    details = {**about(resource, name), "causes": [cause]}
    return RefusalError(HTTPStatus.FORBIDDEN, "Forbidden", text, details)


def invalid(resource: Resource, name: str, field: str, why: str) -> RefusalError:
    """A field has a value that cannot be."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    cause = {"reason": "FieldValueInvalid", "field": field, "message": why}
    details = {**about(resource, name), "kind": resource.kind, "causes": [cause]}
    text = f'{kind} "{name}" is invalid: {field}: {why}'
    return RefusalError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", text, details)


def bad_request(why: str) -> RefusalError:
    """The request itself is wrong."""
    return RefusalError(HTTPStatus.BAD_REQUEST, "BadRequest", why, {})


def unsupported(media_type: str) -> RefusalError:
    """The body is written in a language that is not spoken here."""
    text = f"the body of the request was in an unknown format: {media_type}"
    return RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", text, {})
