"""Calico's objects say the encapsulation: the operator's, the pools' own, and Felix' ports."""

from pathlib import Path

import pytest

from meshdoctor.probes.calico import Calico, CalicoError, Encapsulation, Pool, read_calico

OURS = Path(__file__).resolve().parents[3] / "k8s/cluster/calico.yaml"
INSTALLATION = "kind: Installation\nspec:\n  calicoNetwork:\n    ipPools:\n    - "
POOL = "kind: IPPool\nspec: {{cidr: 192.168.0.0/16, {}}}\n"


def test_the_clusters_own_file_is_vxlan_without_bgp() -> None:
    """The operator always runs Typha."""
    pools = (Pool(Encapsulation.VXLAN, "192.168.0.0/16"),)

    assert Calico(pools, bgp=False, typha=True) == read_calico(OURS.read_text("utf-8"), "calico")


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ("vxlanMode: Always, ipipMode: Never", "vxlan"),
        ("vxlanMode: CrossSubnet", "vxlan-cross-subnet"),
        ("ipipMode: Always, vxlanMode: Never", "ipip"),
        ("ipipMode: CrossSubnet", "ipip-cross-subnet"),
        ("ipipMode: Never", "none"),
    ],
)
def test_a_pool_of_the_cluster_says_its_mode(modes: str, expected: str) -> None:
    """As `kubectl get ippools -o yaml` lists it, alone or in a List."""
    pool = POOL.format(modes)
    listed = f"kind: List\nitems: [{{kind: IPPool, spec: {{cidr: 192.168.0.0/16, {modes}}}}}]"

    assert (Pool(Encapsulation(expected), "192.168.0.0/16"),) == read_calico(pool, "x").pools
    assert read_calico(listed, "x") == read_calico(pool, "x")


def test_felix_may_move_the_ports() -> None:
    """WireGuard and the port of VXLAN are its settings."""
    felix = "kind: FelixConfiguration\nspec: {wireguardEnabled: true, vxlanPort: 8472}"
    calico = read_calico(f"{POOL.format('vxlanMode: Always')}---\n{felix}", "x")

    assert (True, 8472) == (calico.wireguard, calico.vxlan_port)
    assert 51820 == calico.wireguard_port


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "says no encapsulation"),
        ("kind: Installation\nspec: {calicoNetwork: {}}", "says no encapsulation"),
        ("kind: Installation\nspec: {}", "calicoNetwork is missing"),
        (f"{INSTALLATION}cidr: 192.168.0.0/16", "encapsulation is None"),
        (f"{INSTALLATION}encapsulation: Geneve", "encapsulation is 'Geneve'"),
        (f"{INSTALLATION}{{encapsulation: VXLAN, cidr: here}}", "cidr is 'here'"),
        (POOL.format("vxlanMode: Perhaps"), "vxlanMode is 'Perhaps'"),
        ("a: b: c", "no YAML"),
    ],
)
def test_what_it_does_not_say_is_not_guessed(text: str, told: str) -> None:
    """The operator has a default of its own, which depends on where it runs."""
    with pytest.raises(CalicoError, match=f"^calico.yaml.*{told}"):
        read_calico(text, "calico.yaml")
