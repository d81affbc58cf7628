#!/usr/bin/env bash
# pki.sh   makes the cluster's certificates, unless they are there, and its kubeconfigs. Called by up.sh.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quietly() { "$@" 2>/dev/null || die "failed: $*"; } # openssl reports progress as errors

key() { quietly openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; } # NAME

authority() { # NAME
  key "$1"
  quietly openssl req -x509 -new -key "$1.key" -days 3650 -subj "/CN=holdfast-test-$1" -out "$1.crt" \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

certificate() { # NAME AUTHORITY SUBJECT USAGE [SUBJECT-ALTERNATIVE-NAMES]
  key "$1"
  {
    echo keyUsage=critical,digitalSignature
    echo "extendedKeyUsage=$4"
    [ $# -lt 5 ] || echo "subjectAltName=$5"
  } >"$1.extensions"
  quietly openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
  quietly openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 \
    -out "$1.crt" -extfile "$1.extensions"
}

certificates() {
  local api=DNS:localhost name
  for name in kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local; do
    api+=,DNS:$name
  done
  authority ca
  authority front-proxy-ca
  certificate apiserver ca /CN=kube-apiserver serverAuth "$api,IP:127.0.0.1,IP:10.96.0.1,IP:$NODE_ADDRESS"
  certificate apiserver-kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
  certificate admin ca /O=system:masters/CN=kubernetes-admin clientAuth
  certificate controller-manager ca /CN=system:kube-controller-manager clientAuth,serverAuth IP:127.0.0.1
  certificate scheduler ca /CN=system:kube-scheduler clientAuth,serverAuth IP:127.0.0.1
  certificate kubelet ca "/O=system:nodes/CN=system:node:$NODE" clientAuth
  certificate kubelet-server ca "/CN=$NODE" serverAuth "IP:127.0.0.1,IP:$NODE_ADDRESS,DNS:$NODE,DNS:localhost"
  quietly openssl genrsa -out service-account.key 2048
  quietly openssl rsa -in service-account.key -pubout -out service-account.pub
  touch complete # an interrupted run starts over
}

kubeconfig() { # USER
  cat >"$ETC/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: holdfast
    cluster: {server: "https://127.0.0.1:$API_PORT", certificate-authority-data: $(base64 -w0 ca.crt)}
users:
  - name: $1
    user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}
contexts:
  - name: holdfast
    context: {cluster: holdfast, user: $1}
current-context: holdfast
YAML
}

umask 077
mkdir -p "$PKI" "$ETC"
cd "$PKI"
[ -e complete ] || certificates
for user in admin controller-manager scheduler kubelet; do kubeconfig $user; done
