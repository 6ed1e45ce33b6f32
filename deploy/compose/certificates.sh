#!/bin/sh
# Makes what a secured Kafka and its clients need: an authority, certificates and passwords, each in the folder of the
# one who uses it. What is there stays; `--renew` makes everything anew.
#
#   certificates.sh FOLDER [--renew]
#
# FOLDER/kafka          ca.pem, broker.pem (key and certificate)
# FOLDER/access         ca.pem, administrator.pem, administrator.key, users/NAME (a password each)
# FOLDER/NAME           ca.pem, password; NAME is topics, gateway, bridge, classifier
#
# NAMES: host names and addresses of the broker's certificate. DAYS: how long certificates are valid. Run as root,
# KAFKA_UID and SERVICE_UID own the files that Kafka and the services read.
set -eu
umask 077

OUT=${1:?usage: certificates.sh FOLDER [--renew]}
NAMES=${NAMES:-kafka localhost 127.0.0.1}
DAYS=${DAYS:-825}
USERS='topics gateway bridge classifier'

command -v openssl >/dev/null || { echo 'openssl is missing' >&2; exit 1; }
if [ -e "$OUT/kafka/broker.pem" ] && [ "${2-}" != --renew ]; then
    openssl x509 -in "$OUT/kafka/ca.pem" -noout -checkend 0 >/dev/null \
        || { echo 'the certificates have expired: run this with --renew, and start everything anew' >&2; exit 1; }
    echo 'certificates and passwords are there'
    exit 0
fi

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# certify NAME EXTENSIONS: NAME.key and NAME.pem, signed by the authority
certify() {
    key "$WORK/$1.key"
    openssl req -new -key "$WORK/$1.key" -subj "/CN=$1" -out "$WORK/$1.csr"
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%s\n' "$2" >"$WORK/$1.cnf"
    openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key" -days "$DAYS" -sha256 \
        -extfile "$WORK/$1.cnf" -out "$WORK/$1.pem" 2>/dev/null
}

# The authority's key is deleted with WORK: nobody, an intruder included, can make a certificate later.
key "$WORK/ca.key"
openssl req -x509 -new -key "$WORK/ca.key" -subj '/CN=Sightline Kafka' -days "$DAYS" -sha256 \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' -out "$WORK/ca.pem"

alternatives=
for name in $NAMES; do
    case $name in
        *[!0-9.]*) kind=DNS ;;
        *) kind=IP ;;
    esac
    alternatives="${alternatives:+$alternatives,}$kind:$name"
done
# The broker is a client too: of its own controller.
certify broker "extendedKeyUsage=serverAuth,clientAuth
subjectAltName=$alternatives"
certify administrator 'extendedKeyUsage=clientAuth'

# put FILE TARGET OWNER [MODE]: whole or absent, readable by its owner alone
put() {
    (umask 022 && mkdir -p "$(dirname "$OUT/$2")")
    cp "$1" "$OUT/$2.new"
    chmod "${4:-400}" "$OUT/$2.new"
    [ "$(id -u)" != 0 ] || chown "$3:$3" "$OUT/$2.new"
    mv "$OUT/$2.new" "$OUT/$2"
}

# What is renewed in part must not pass for whole.
rm -f "$OUT/kafka/broker.pem"
services=${SERVICE_UID:-$(id -u)}
for name in $USERS; do
    openssl rand -hex 24 >"$WORK/password"
    put "$WORK/password" "access/users/$name" "$services"
    put "$WORK/password" "$name/password" "$services"
    put "$WORK/ca.pem" "$name/ca.pem" "$services" 444
done
put "$WORK/ca.pem" access/ca.pem "$services" 444
put "$WORK/administrator.pem" access/administrator.pem "$services"
put "$WORK/administrator.key" access/administrator.key "$services"
put "$WORK/ca.pem" kafka/ca.pem "${KAFKA_UID:-$services}" 444
cat "$WORK/broker.key" "$WORK/broker.pem" >"$WORK/keystore"
put "$WORK/keystore" kafka/broker.pem "${KAFKA_UID:-$services}" # last: it says that all is there
echo 'made certificates and passwords'
