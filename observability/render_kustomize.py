"""Generated files as ConfigMaps, for kustomize: what it makes of them is named in k8s/monitoring.

The name of each ends in a hash of its files, so that another file is another Pod
(https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/).
"""

from collections.abc import Mapping

from observability.render_yaml import render


def config_maps(files: Mapping[str, str]) -> str:
    """Return a kustomization.yaml that makes a ConfigMap of each file.

    One for each: what `kubectl apply` notes of an object may be no larger than 256 KiB.

    Args:
        files: paths from the kustomization's folder, by the ConfigMap's name.
    """
    generators = [{"name": name, "files": [path]} for name, path in files.items()]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "configMapGenerator": generators,
    }
    return render(kustomization)
