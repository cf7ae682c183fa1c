#!/bin/sh
# The page at /: what this request looked like from here. busybox httpd runs it; it gives the
# client's side as variables.

escape() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }
row() { printf '<tr><th>%s</th><td>%s</td></tr>\n' "$1" "$(escape "$2")"; }

# A client over IPv4 shows as [::ffff:192.168.50.1]: the server listens on IPv6 for both.
client=${REMOTE_ADDR#[}
client=${client%]}
client=${client#::ffff:}

# Our own end: the row of the kernel's table whose far end has the client's port. Addresses are four
# words there, each with its octets in reverse; an IPv4 address is the last word after 0:0:FFFF.
set -- $(awk -v port="$(printf '%04X' "$REMOTE_PORT")" '
  function octet(at) { return ("0x" substr(local[1], at, 2)) + 0 }
  function group(at) { return sprintf("%x", octet(at) * 256 + octet(at - 2)) }
  substr($3, 34) == port && $4 ~ /01|08/ {
    split($2, local, ":")
    if (substr(local[1], 1, 24) == "0000000000000000FFFF0000") {
      text = octet(31) "." octet(29) "." octet(27) "." octet(25)
    } else {
      text = ""
      for (word = 1; word < 32; word += 8) text = text ":" group(word + 6) ":" group(word + 2)
      text = substr(text, 2)
    }
    print text, ("0x" local[2]) + 0
    exit
  }' /proc/net/tcp6)
server_ip=$(printf '%s' "$1" | sed -E 's/(^|:)0(:0)+(:|$)/::/')
server_port=$2
version=$(cat /etc/tinyvm-version)

page() {
  cat <<HTML
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>TinyVM $version $server_ip</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 40em; padding: 0 1em }
table { border-collapse: collapse; width: 100% }
th { text-align: left; width: 11em; vertical-align: top }
th, td { border-bottom: 1px solid #ccc; padding: .3em .5em; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>TinyVM</h1>
<h2>Client</h2>
<table>
$(row 'Client IP' "$client")
$(row 'Client Port' "$REMOTE_PORT")
$(row 'X-Forwarded-For' "${HTTP_X_FORWARDED_FOR:-None}")
</table>
<h2>Server</h2>
<table>
$(row 'Server IP' "$server_ip")
$(row 'Server Port' "$server_port")
$(row 'Protocol' "$SERVER_PROTOCOL")
</table>
<h2>Other details</h2>
<table>
$(row 'Method' "$REQUEST_METHOD")
$(row 'Host Header' "$HTTP_HOST")
$(row 'Requested URI' "$REQUEST_URI")
$(row 'Current Time (GMT)' "$(date -u '+%B %e, %Y, %H:%M:%S' | tr -s ' ')")
</table>
<h2>TinyVM IP addresses</h2>
<table>
$(ip -o addr | awk '$2 != "lo" { sub("/.*", "", $4); print $2, $3, $4 }' | while read -r interface family address; do
    case $family in inet) row "IPv4 ($interface)" "$address" ;; inet6) row "IPv6 ($interface)" "$address" ;; esac
  done)
</table>
<p>This page was made by TinyVM $version, <a href="/health.html">health.html</a></p>
</body>
</html>
HTML
}

body=$(page)
printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n'
[ "$REQUEST_METHOD" = HEAD ] || printf '%s\n' "$body"
