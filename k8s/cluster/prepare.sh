#!/usr/bin/env bash
# What every node needs before kubeadm: kernel settings, containerd, the Kubernetes packages.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
keys=/etc/apt/keyrings
minor=${KUBERNETES%.*}

fetch() {
    curl --fail --silent --show-error --location --proto '=https' \
        --retry 5 --retry-all-errors --max-time 60 "$@"
}

# At the first boot Ubuntu's own apt jobs hold the locks for a while.
apt_get() {
    local try
    for try in 1 2 3 4 5 6 7 8 9; do
        apt-get --quiet --yes -o DPkg::Lock::Timeout=120 "$@" && return
        echo "apt-get $1: try $try failed, the next one follows in 10 s"
        sleep 10
    done
    apt-get --quiet --yes -o DPkg::Lock::Timeout=120 "$@"
}

# repository NAME KEY-ADDRESS ADDRESS SUITE...: packages that this key signed, and no other.
repository() {
    fetch "$2" | gpg --batch --yes --dearmor --output "$keys/$1.gpg"
    printf 'deb [arch=amd64 signed-by=%s] %s\n' "$keys/$1.gpg" "${*:3}" \
        >"/etc/apt/sources.list.d/$1.list"
}

echo "kernel: modules and settings of Kubernetes"
printf '%s\n' overlay br_netfilter >/etc/modules-load.d/kubernetes.conf
modprobe --all overlay br_netfilter
printf '%s = 1\n' net.ipv4.ip_forward \
    net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables \
    >/etc/sysctl.d/90-kubernetes.conf
sysctl --quiet --load=/etc/sysctl.d/90-kubernetes.conf

echo "packages: Kubernetes $KUBERNETES, containerd $CONTAINERD"
apt_get update
apt_get install --no-install-recommends \
    ca-certificates conntrack curl ethtool gettext-base gnupg python3-boto3 socat
install -d -m 0755 "$keys"
packages=https://pkgs.k8s.io/core:/stable:/v$minor/deb
repository kubernetes "$packages/Release.key" "$packages/" /
docker=https://download.docker.com/linux/ubuntu
repository docker "$docker/gpg" "$docker" noble stable
apt_get update
apt_get install --no-install-recommends "containerd.io=$CONTAINERD.*" \
    "kubelet=$KUBERNETES-*" "kubeadm=$KUBERNETES-*" "kubectl=$KUBERNETES-*"
# A node upgrades when a person says so, never at night by itself.
apt-mark hold containerd.io kubelet kubeadm kubectl

echo "containerd: cgroups by systemd"
containerd config default | sed 's/SystemdCgroup = false/SystemdCgroup = true/' \
    >/etc/containerd/config.toml
grep --quiet 'SystemdCgroup = true' /etc/containerd/config.toml
systemctl enable containerd kubelet
systemctl restart containerd
