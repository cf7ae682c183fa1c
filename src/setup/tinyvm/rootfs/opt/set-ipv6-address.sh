#!/bin/sh
# Gives this machine a static IPv6 address from its next start on. It has no disk: Bootlace
# remembers the address for it.
. /usr/share/set-address.sh

usage() {
  cat <<HELP
usage: $0 IP PREFIX-LENGTH GATEWAY DNS DOMAIN
       $0 slaac

Gives TinyVM a static IPv6 address, or lets it make its own again as routers say. TinyVM restarts.
The gateway is the router's link-local address.

  $0 fd77:1::77 64 fe80::1 fd77:1::1 lab.example
HELP
  exit 1
}

[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
case $#:$1 in
  1:slaac) remember '{"ipv6":null}' ;;
  5:*) remember "{\"ipv6\":$(object address "$1" prefix "$2" gateway "$3" dns "$4" domain "$5")}" ;;
  *) usage ;;
esac
