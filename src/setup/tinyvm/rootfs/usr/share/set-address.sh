# What the two scripts in /opt share.
. /usr/share/tinyvm.sh

# object KEY VALUE...: as JSON; every value is text, and Bootlace says what is wrong with it.
object() {
  comma={
  while [ $# -gt 1 ]; do
    printf '%s"%s":"%s"' "$comma" "$1" "$(printf '%s' "$2" | sed 's/[\\"]/\\&/g')"
    comma=,
    shift 2
  done
  printf '}'
}

# tell JSON: what Bootlace answers is shown, what curl thinks of it is not.
tell() {
  [ -x /usr/bin/curl ] || return 1
  curl -s --fail-with-body -m 10 -H 'Content-Type: application/json' -d "$1" \
    "$server/api/tinyvm/addresses"
}

# ask_dhcp: an address for each card by DHCP, once.
ask_dhcp() {
  for card in /sys/class/net/*/device; do
    card=${card%/device}
    udhcpc -q -n -t 3 -i "${card##*/}" >/dev/null 2>&1
  done
}

# remember JSON: tells Bootlace, then restarts. Where Bootlace is not reached, the address of now may
# be the very mistake that is to be undone. (22: it was reached, and said no.)
remember() {
  if ! bootlace_url; then
    echo "No Bootlace is named among the kernel's arguments: nobody could remember the address." >&2
    exit 1
  fi
  tell "$1"
  problem=$?
  if [ $problem -ne 0 ] && [ $problem -ne 22 ]; then
    echo "Bootlace is not reached with the present address: asking for one by DHCP."
    ask_dhcp
    tinyvm-tools # which could not be fetched before
    tell "$1"
    problem=$?
    [ $problem -eq 0 ] || [ $problem -eq 22 ] || echo "Bootlace is still not reached: nothing has changed." >&2
  fi
  [ $problem -eq 0 ] || exit 1
  echo
  echo "TINYVM WILL RESTART IN 5 SECONDS"
  sleep 5
  reboot
}
