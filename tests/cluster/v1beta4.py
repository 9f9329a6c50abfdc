"""The fields of kubeadm's v1beta4, for a check without kubeadm.

Written down from https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and the
types it is generated from. It knows names and the kinds of values, and which kinds a node needs.
It does not know defaults, ranges, fields that exclude each other, other components' configuration,
or what a later 1.x adds: `kubeadm config validate` on a node does.
"""

from typing import Any

Shape = Any  # a type, a list of one shape, or fields by name

ARGS: Shape = [{"name": str, "value": str}]
ENVS: Shape = [{"name": str, "value": str, "valueFrom": dict}]
VOLUMES: Shape = [
    {"name": str, "hostPath": str, "mountPath": str, "readOnly": bool, "pathType": str}
]
COMPONENT: Shape = {"extraArgs": ARGS, "extraVolumes": VOLUMES, "extraEnvs": ENVS}
IMAGE: Shape = {"imageRepository": str, "imageTag": str}
ENDPOINT: Shape = {"advertiseAddress": str, "bindPort": int}
NODE: Shape = {
    "name": str,
    "criSocket": str,
    "taints": [{"key": str, "value": str, "effect": str, "timeAdded": str}],
    "kubeletExtraArgs": ARGS,
    "ignorePreflightErrors": [str],
    "imagePullPolicy": str,
    "imagePullSerial": bool,
}
TIMEOUTS: Shape = {
    "controlPlaneComponentHealthCheck": str,
    "kubeletHealthCheck": str,
    "kubernetesAPICall": str,
    "etcdAPICall": str,
    "tlsBootstrap": str,
    "discovery": str,
    "upgradeManifests": str,
}
COMMON: Shape = {
    "apiVersion": str,
    "kind": str,
    "dryRun": bool,
    "nodeRegistration": NODE,
    "skipPhases": [str],
    "patches": {"directory": str},
    "timeouts": TIMEOUTS,
}
KINDS: dict[str, Shape] = {
    "InitConfiguration": {
        **COMMON,
        "bootstrapTokens": [
            {
                "token": str,
                "description": str,
                "ttl": str,
                "expires": str,
                "usages": [str],
                "groups": [str],
            }
        ],
        "localAPIEndpoint": ENDPOINT,
        "certificateKey": str,
    },
    "ClusterConfiguration": {
        "apiVersion": str,
        "kind": str,
        "etcd": {
            "local": {
                **IMAGE,
                "dataDir": str,
                "extraArgs": ARGS,
                "extraEnvs": ENVS,
                "serverCertSANs": [str],
                "peerCertSANs": [str],
            },
            "external": {
                "endpoints": [str],
                "httpEndpoints": [str],
                "caFile": str,
                "certFile": str,
                "keyFile": str,
            },
        },
        "networking": {"serviceSubnet": str, "podSubnet": str, "dnsDomain": str},
        "kubernetesVersion": str,
        "controlPlaneEndpoint": str,
        "apiServer": {**COMPONENT, "certSANs": [str]},
        "controllerManager": COMPONENT,
        "scheduler": COMPONENT,
        "dns": {**IMAGE, "disabled": bool},
        "proxy": {"disabled": bool},
        "certificatesDir": str,
        "imageRepository": str,
        "featureGates": dict,
        "clusterName": str,
        "encryptionAlgorithm": str,
        "certificateValidityPeriod": str,
        "caCertificateValidityPeriod": str,
    },
    "JoinConfiguration": {
        **COMMON,
        "caCertPath": str,
        "discovery": {
            "bootstrapToken": {
                "token": str,
                "apiServerEndpoint": str,
                "caCertHashes": [str],
                "unsafeSkipCAVerification": bool,
            },
            "file": {"kubeConfigPath": str},
            "tlsBootstrapToken": str,
        },
        "controlPlane": {"localAPIEndpoint": ENDPOINT, "certificateKey": str},
    },
}


def complaints(document: dict[str, Any]) -> list[str]:
    """Return what a document has that its kind does not know, or has as something else."""
    kind = document.get("kind", "")
    if kind not in KINDS:
        return [f"{kind or 'no kind'} is no kind of v1beta4 that a node needs"]
    return mismatches(document, KINDS[kind], kind)


def mismatches(value: object, shape: Shape, where: str) -> list[str]:
    """Return where a value is not of its shape."""
    if isinstance(shape, type):
        return [] if type(value) is shape else [f"{where} must be {shape.__name__}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} must be a list"]
        return [
            each
            for number, item in enumerate(value)
            for each in mismatches(item, shape[0], f"{where}[{number}]")
        ]
    if not isinstance(value, dict):
        return [f"{where} must have fields"]
    return [
        each
        for name, item in value.items()
        for each in (
            mismatches(item, shape[name], f"{where}.{name}")
            if name in shape
            else [f"{where}.{name} is unknown"]
        )
    ]
