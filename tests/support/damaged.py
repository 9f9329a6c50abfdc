"""Objects of a Kubernetes API with fields that are missing, or of another type."""

from typing import Final

from hypothesis import strategies as st

_FIELDS: Final = (
    *("metadata", "name", "namespace", "labels", "spec", "status", "containers", "ports"),
    *("addresses", "type", "address", "endpoints", "addressType", "conditions", "port"),
    *("podIP", "phase", "nodeName", "containerPort", "clusterIP", "targetRef"),
)

DAMAGED_OBJECTS: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_FIELDS),
            inner | st.sampled_from(["InternalIP", "metrics", "Running"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)
