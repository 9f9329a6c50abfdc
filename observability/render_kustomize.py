"""kustomization.yaml files beside the generated ones, by which k8s takes them as they are.

The name of a ConfigMap ends in a hash of its files, so that another file is another Pod
(https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/).
"""

from collections.abc import Mapping
from typing import Any

from observability.render_yaml import render


def config_maps(files: Mapping[str, str], *, hashed: bool = True) -> str:
    """Return a kustomization.yaml that makes a ConfigMap of each file.

    One for each: what `kubectl apply` notes of an object may be no larger than 256 KiB.

    Args:
        files: paths from the kustomization's folder, by the ConfigMap's name.
        hashed: whether its name changes with its file; False is for who reads it anew by itself.
    """
    options = {} if hashed else {"options": {"disableNameSuffixHash": True}}
    generators = [{"name": name, "files": [path], **options} for name, path in files.items()]
    return _kustomization(configMapGenerator=generators)


def objects(*files: str) -> str:
    """Return a kustomization.yaml of files that are objects already."""
    return _kustomization(resources=list(files))


def _kustomization(**fields: Any) -> str:  # noqa: ANN401 - plain data
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return render({**head, **fields})
