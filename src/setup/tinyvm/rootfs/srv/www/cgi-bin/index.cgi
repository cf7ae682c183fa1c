#!/bin/sh
# The page at /: what this request looked like from here. busybox httpd runs it; it gives the
# client's side as variables, our own side is read from the table of connections.

escape() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }
row() { printf '<tr><th>%s</th><td>%s</td></tr>\n' "$1" "$(escape "$2")"; }

# A client over IPv4 shows as [::ffff:192.168.50.1]: the server listens on IPv6 for both.
client=${REMOTE_ADDR#[}
client=${client%]}
client=${client#::ffff:}

local=$(netstat -tnW | awk -v port=":$REMOTE_PORT\$" '$6 == "ESTABLISHED" && $5 ~ port { print $4; exit }')
server_ip=${local%:*}
server_ip=${server_ip#::ffff:}
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
$(row 'Server Port' "${local##*:}")
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
