/**
 * Text as TFTP's mode `netascii` sends it: a line ends in CR LF, and a CR that ends no line is
 * followed by NUL. Every octet is taken as it stands in a Unix file, so a CR before an LF is a CR
 * of its own. RFC 764 ("NVT"), RFC 1350 §1.
 */

const LF = 10
const CR = 13
const NUL = 0

export function toNetascii(octets: Uint8Array): Uint8Array {
  let extra = 0
  for (const octet of octets) if (octet === LF || octet === CR) extra++
  const text = new Uint8Array(octets.length + extra)
  let at = 0
  for (const octet of octets) {
    if (octet === LF) text[at++] = CR
    text[at++] = octet
    if (octet === CR) text[at++] = NUL
  }
  return text
}
