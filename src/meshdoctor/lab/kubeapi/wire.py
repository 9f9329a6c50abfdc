"""Secrets as kubectl sends them: it writes those that it makes itself in Protocol Buffers.

Source: `generated.proto` of k8s.io/api/core/v1 and of k8s.io/apimachinery, for the numbers.
"""

import base64
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from meshdoctor.lab.kubeapi.refusals import bad_request, unsupported

Manifest = dict[str, Any]

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
_MAGIC: Final = b"k8s\0"
_PACKAGE: Final = "loopback"
_MESSAGES: Final = {
    "TypeMeta": (("apiVersion", 1, "string"), ("kind", 2, "string")),
    "Unknown": (("typeMeta", 1, "TypeMeta"), ("raw", 2, "bytes")),
    "Meta": (("name", 1, "string"), ("namespace", 3, "string"), ("labels", 11, "*Text")),
    "Text": (("key", 1, "string"), ("value", 2, "string")),
    "Data": (("key", 1, "string"), ("value", 2, "bytes")),
    "Secret": (("metadata", 1, "Meta"), ("data", 2, "*Data"), ("type", 3, "string")),
}


def decoded(body: bytes) -> Manifest:
    """Return the Secret that a body holds.

    Raises:
        RefusalError: it is not one.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("the body does not begin as Kubernetes' Protocol Buffers do")
    outer = _parsed("Unknown", body.removeprefix(_MAGIC))
    kind = outer.typeMeta.kind
    if kind != "Secret":
        raise unsupported(f"{MEDIA_TYPE} of {kind or 'no kind'}")
    secret = _parsed("Secret", outer.raw)
    meta = {"name": secret.metadata.name, "namespace": secret.metadata.namespace}
    labels = {one.key: one.value for one in secret.metadata.labels}
    return {
        "apiVersion": outer.typeMeta.apiVersion,
        "kind": kind,
        "metadata": {key: value for key, value in (*meta.items(), ("labels", labels)) if value},
        "data": {one.key: base64.b64encode(one.value).decode() for one in secret.data},
        "type": secret.type or "Opaque",
    }


def _parsed(name: str, body: bytes) -> Any:  # noqa: ANN401 # its fields are made below
    try:
        return _classes()[name].FromString(body)
    except DecodeError as error:
        raise bad_request(f"the body is no {name}: {error}") from error


@cache
def _classes() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="loopback.proto", package=_PACKAGE)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, type_ in fields:
            message.field.append(_field(field, number, type_))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(found) for name, found in names.items()}


def _field(name: str, number: int, type_: str) -> descriptor_pb2.FieldDescriptorProto:
    field = descriptor_pb2.FieldDescriptorProto
    label = field.LABEL_REPEATED if type_.startswith("*") else field.LABEL_OPTIONAL
    scalars = {"string": field.TYPE_STRING, "bytes": field.TYPE_BYTES}
    if type_ in scalars:
        return field(name=name, number=number, label=label, type=scalars[type_])
    full = f".{_PACKAGE}.{type_.removeprefix('*')}"
    return field(name=name, number=number, label=label, type=field.TYPE_MESSAGE, type_name=full)
