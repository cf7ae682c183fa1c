# A JSON file as one line for each value, "path<TAB>value": objects by key, lists by number, both
# with dots between; line breaks in a value are written as \n, backslashes as \\.
function fail(what) { print "not JSON: " what >"/dev/stderr"; failed = 1; exit 1 }
function blank() { while (at <= size && index(" \t\r\n", substr(all, at, 1)) > 0) at++ }
function word(   c, text, code) {
  text = ""
  for (at++; at <= size; at++) {
    c = substr(all, at, 1)
    if (c == "\"") { at++; return text }
    if (c == "\\") {
      c = substr(all, ++at, 1)
      if (c == "n") c = "\\n"
      else if (c == "t") c = "\t"
      else if (c == "r" || c == "b" || c == "f") c = ""
      else if (c == "\\") c = "\\\\"
      else if (c == "u") {
        code = sprintf("%d", "0x" substr(all, at + 1, 4)) + 0
        at += 4
        c = code < 128 ? sprintf("%c", code) : "?"
      }
    }
    text = text c
  }
  fail("text without end")
}
function value(path,   c, start, key, count) {
  blank()
  c = substr(all, at, 1)
  if (c == "{" || c == "[") {
    at++
    count = 0
    blank()
    if (index("]}", substr(all, at, 1)) > 0) { at++; return }
    for (;;) {
      blank()
      key = count++
      if (c == "{") {
        if (substr(all, at, 1) != "\"") fail("a key without quotes")
        key = word()
        blank()
        if (substr(all, at++, 1) != ":") fail("no colon after " key)
      }
      value(path == "" ? key : path "." key)
      blank()
      start = substr(all, at++, 1)
      if (start == ",") continue
      if (index("]}", start) > 0 && start != "") return
      fail("no comma in " path)
    }
  }
  if (c == "\"") { print path "\t" word(); return }
  start = at
  while (at <= size && index(",]} \t\r\n", substr(all, at, 1)) == 0) at++
  if (at == start) fail("no value for " path)
  print path "\t" substr(all, start, at - start)
}
{ all = all $0 "\n" }
END { if (failed) exit 1; size = length(all); at = 1; value(""); blank(); if (at <= size) fail("more after the end") }
