#!/bin/bash
# Throw-away certificates for development, tests and the demo. Never use them anywhere else.
#
#   make-dev-certs.sh [-f] DIR
#
# Makes in DIR: ca.crt ca.key; server.crt server.key for localhost, 127.0.0.1, ::1 and the in-cluster
# name fairgate.fairgate.svc; client.crt client.key for a client that --client-ca demands. P-256,
# valid for DAYS (7). Keys are readable by their owner alone. Refuses to overwrite without -f.
set -eu

die() {
    echo "make-dev-certs: $1" >&2
    exit 2
}

force=
[ "${1:-}" = -f ] && { force=yes; shift; }
[ $# -eq 1 ] && [ "${1#-}" = "$1" ] || die "usage: make-dev-certs.sh [-f] DIR"
days=${DAYS:-7}
umask 077
mkdir -p "$1"
cd "$1"
for name in ca server client; do
    [ -n "$force" ] || [ ! -e $name.key ] || die "$1/$name.key exists (-f overwrites)"
done

# certificate NAME SUBJECT EXTENSION...: signed by the CA, or by itself if it is the CA.
certificate() {
    local name=$1 subject=$2 signer=(-CA ca.crt -CAkey ca.key) extensions=() extension output

    shift 2
    [ "$name" != ca ] || signer=()
    for extension; do
        extensions+=(-addext "$extension")
    done
    output=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 \
        -days "$days" -subj "$subject" "${extensions[@]}" "${signer[@]}" \
        -keyout $name.key -out $name.crt 2>&1) || die "$name: $output"
    chmod 600 "$name.key"
    chmod 644 "$name.crt"
}

certificate ca "/CN=fairgate development CA" \
    "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign"
certificate server "/CN=fairgate.fairgate.svc" \
    "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
    "extendedKeyUsage=serverAuth" \
    "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1,DNS:fairgate.fairgate.svc"
certificate client "/CN=kube-apiserver/O=development" \
    "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
    "extendedKeyUsage=clientAuth"
