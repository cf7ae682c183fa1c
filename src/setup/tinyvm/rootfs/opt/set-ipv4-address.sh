#!/bin/sh
# Gives this machine a static IPv4 address from its next start on. It has no disk: Bootlace
# remembers the address for it.
. /usr/share/set-address.sh

usage() {
  cat <<HELP
usage: $0 IP MASK BROADCAST GATEWAY DNS DOMAIN
       $0 dhcp

Gives TinyVM a static IPv4 address, or lets it ask for one by DHCP again. TinyVM restarts.

  $0 192.168.50.77 255.255.255.0 192.168.50.255 192.168.50.1 192.168.50.1 lab.example
HELP
  exit 1
}

[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
case $#:$1 in
  1:dhcp) remember '{"ipv4":null}' ;;
  6:*) remember "{\"ipv4\":$(object address "$1" mask "$2" broadcast "$3" gateway "$4" dns "$5" domain "$6")}" ;;
  *) usage ;;
esac
