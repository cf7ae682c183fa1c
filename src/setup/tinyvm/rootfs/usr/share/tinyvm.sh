# What TinyVM's scripts share; they read it with `.`, so that nothing is started for it.

state=/run/tinyvm

# kernel_word NAME: the value of NAME=VALUE among the kernel's arguments, in $value.
kernel_word() {
  read -r arguments </proc/cmdline
  value=
  for word in $arguments; do
    case $word in "$1="*) value=${word#*=} ;; esac
  done
  [ -n "$value" ]
}

# bootlace_url: Bootlace's URL without a slash at the end, in $server; fails where none is named.
bootlace_url() {
  kernel_word bootlace || return 1
  server=${value%/}
}

# static_words FAMILY CARD: the address that Bootlace remembers for this card, in the variables
# address, prefix, broadcast (IPv4 only), gateway, dns and domain; fails where there is none.
#   tinyvm.ipv4=52:54:00:12:34:56,192.168.50.77/24,192.168.50.255,192.168.50.1,192.168.50.1,lab.example
#   tinyvm.ipv6=52:54:00:12:34:56,fd77::77/64,fe80::1,fd77::1,lab.example
static_words() {
  kernel_word "tinyvm.$1" || return 1
  read -r mac <"/sys/class/net/$2/address"
  case $value in "$mac,"*) ;; *) return 1 ;; esac
  family=$1
  saved_ifs=$IFS
  IFS=,
  set -- $value
  IFS=$saved_ifs
  address=${2%/*}
  prefix=${2#*/}
  broadcast=
  [ "$family" = ipv4 ] && broadcast=$3 && shift
  gateway=$3
  dns=$4
  domain=$5
}

# use_names FAMILY DOMAIN SERVER...: makes /etc/resolv.conf of what each family's network says.
use_names() {
  {
    [ -n "$2" ] && echo "search $2" # of two, the last one counts
    names=$1
    shift 2
    for each in "$@"; do echo "nameserver $each"; done
  } >"$state/names.$names"
  cat "$state"/names.* >/etc/resolv.conf
}
