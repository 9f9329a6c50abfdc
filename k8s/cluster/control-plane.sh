#!/usr/bin/env bash
# Starts the cluster, hands the workers their ticket, installs Calico, waits until all are Ready.
set -euo pipefail
export KUBECONFIG=/etc/kubernetes/admin.conf
umask 077
manifests=https://raw.githubusercontent.com/projectcalico/calico/$CALICO/manifests
read -ra all <<<"$NODES"

TOKEN=$(kubeadm token generate)
export TOKEN
# The braces are names for envsubst, which fills in these and no others.
# shellcheck disable=SC2016
envsubst '${TOKEN} ${NODE} ${ADDRESS} ${KUBERNETES}' <kubeadm.yaml >/run/kubeadm.yaml
# The console is no place for the token.
kubeadm init --config /run/kubeadm.yaml --skip-token-print
rm /run/kubeadm.yaml

echo "ticket: $PARAMETER"
hash=$(openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -pubkey |
    openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
printf '%s sha256:%s' "$TOKEN" "$hash" | ./ticket.py put "$PARAMETER"

echo "Calico $CALICO"
for manifest in v1_crd_projectcalico_org tigera-operator; do
    curl --fail --silent --show-error --location --proto '=https' --retry 5 --retry-all-errors \
        --max-time 60 --output "/run/$manifest.yaml" "$manifests/$manifest.yaml"
    # On the server's side: the definitions are too long for the note that apply leaves otherwise.
    kubectl apply --server-side --filename "/run/$manifest.yaml"
done
kubectl wait --for=condition=Established --timeout=120s crd/installations.operator.tigera.io
kubectl apply --filename calico.yaml

echo "waiting for $NODES"
kubectl wait --for=create --timeout=900s "${all[@]/#/node/}"
kubectl wait --for=condition=Ready --timeout=600s "${all[@]/#/node/}"
kubectl --namespace kube-system rollout status deployment/coredns --timeout=300s

# Nobody else is to join with it.
./ticket.py delete "$PARAMETER"
kubeadm token delete "$TOKEN"
kubectl get nodes --output wide
echo "the cluster stands"
