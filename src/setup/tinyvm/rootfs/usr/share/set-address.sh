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

# remember JSON: tells Bootlace, then restarts.
remember() {
  if ! bootlace_url; then
    echo "No Bootlace is named among the kernel's arguments: nobody could remember the address." >&2
    exit 1
  fi
  curl -sS --fail-with-body -m 10 -H 'Content-Type: application/json' -d "$1" \
    "$server/api/tinyvm/addresses" || exit 1
  echo
  echo "TINYVM WILL RESTART IN 5 SECONDS"
  sleep 5
  reboot
}
