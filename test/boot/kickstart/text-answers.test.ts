/** A host's values in answers that are text: right for whoever reads the place, or refused. */
import { execFileSync } from 'node:child_process'
import { XMLParser } from 'fast-xml-parser'
import { assert, property, string as anyString } from 'fast-check'
import { expect, test } from 'vitest'
import { checkText } from '../../../src/boot/kickstart/answer-checks.ts'
import { formatOf } from '../../../src/boot/kickstart/answer-format.ts'
import type { Scalar } from '../../../src/boot/kickstart/template-reference.ts'
import { type TextFormat, fillText } from '../../../src/boot/kickstart/text-answers.ts'

function fill(text: string, format: TextFormat, vars: Readonly<Record<string, Scalar>> = {}) {
  return fillText(text, new Map([['name', 'web-01'], ...Object.entries(vars)]), format)
}

test.for<readonly [TextFormat, string, string, string]>([
  ['preseed', 'd-i netcfg/hostname string ${name}', 'any', 'd-i netcfg/hostname string web-01'],
  ['preseed', 'd-i a/b string ${v}', "it's $HOME; #1", "d-i a/b string it's $HOME; #1"],
  [
    'preseed',
    'd-i preseed/late_command string x ${v|quote}',
    "it's",
    "d-i preseed/late_command string x 'it'\\''s'",
  ],
  ['anaconda', 'rootpw --iscrypted ${v}', '$6$salt$hash', 'rootpw --iscrypted $6$salt$hash'],
  [
    'anaconda',
    'sshkey --username=root ${v|quote}',
    'ssh-rsa AA b',
    "sshkey --username=root 'ssh-rsa AA b'",
  ],
  ['esxi', '%firstboot\necho ${v|quote}', 'a b', "%firstboot\necho 'a b'"],
  ['autoyast', '<a>${v}</a>', '<b> & "c"', '<a>&lt;b&gt; &amp; &quot;c&quot;</a>'],
  ['autoyast', '<a b="${v|quote}"/>', 'x', '<a b="&apos;x&apos;"/>'],
  [
    'autoyast',
    '<s><![CDATA[\nwget ${v}\n]]></s>',
    'http://a/b',
    '<s><![CDATA[\nwget http://a/b\n]]></s>',
  ],
  ['shell', 'echo ${v|quote}', "a'b\nc", "echo 'a'\\''b\nc'"],
  ['shell', 'echo $${HOME} ${x:-none} ${v}', 'ok', 'echo ${HOME} none ok'],
  ['alpine', 'A=1\nB=${w?|quote}\nC=${name}', '', 'A=1\nC=web-01'],
])('%s: %s with %s', ([format, text, v, expected]) => {
  expect(fill(text, format, { v })).toMatchObject({ text: expected, problems: [] })
})

test.for<readonly [TextFormat, string, string, number, RegExp]>([
  ['preseed', 'a\nd-i x/y string ${v}', 'a\nb', 2, /that end the line/],
  ['preseed', 'd-i x/y string ${v}', 'a\\', 1, /that end the line/],
  ['preseed', 'd-i partman/early_command string x; \\\n  y ${v}', 'a b', 2, /a shell reads itself/],
  ['anaconda', 'network --hostname=${v}', 'a b', 1, /that end a word; write \|quote/],
  ['anaconda', 'rootpw ${v|quote}', 'a\nb', 1, /that end a word/],
  ['anaconda', '%post\necho ${v}\n%end', '$6$x', 2, /a shell reads itself/],
  ['autoyast', '<a>${v}</a>', '\u0001', 1, /no XML can have/],
  ['autoyast', '<s><![CDATA[\nx ${v|quote}\n]]></s>', 'a]]>b', 2, /a shell reads itself/],
  ['shell', 'echo ${v}', '`id`', 1, /a shell reads itself/],
  ['shell', 'echo ${nam}', '', 1, /\$\{nam\}, which is no variable \(is it name\?\)/],
  ['shell', 'echo ${vars.role}', '', 1, /needs vars\.role: set it in vars of the host/],
  ['shell', 'echo ${#array}', '', 1, /write \$\$\{ for a shell's own/],
])('%s: %s with %j is refused on line %i', ([format, text, v, line, says]) => {
  const { problems } = fill(text, format, { v })
  expect(problems.map((problem) => problem.line)).toEqual([line])
  expect(problems[0]?.says).toMatch(says)
})

test('a shell gets any text in quotes as it is', () => {
  const text = anyString({ unit: 'binary' }).filter((one) => !/\0/.test(one) && one.isWellFormed())
  assert(
    property(text, (v) => {
      const filled = fill('printf %s ${v|quote}', 'shell', { v })
      expect(execFileSync('sh', ['-c', filled.text], { encoding: 'utf8' })).toBe(v)
    }),
    { numRuns: 40, seed: 1 },
  )
})

test('XML gets any text that it can have as it is', () => {
  const parser = new XMLParser({ trimValues: false, parseTagValue: false, ignoreAttributes: false })
  assert(
    property(anyString({ unit: 'grapheme-ascii' }), (v) => {
      const filled = fill('<a>x${v}</a>', 'autoyast', { v })
      expect(parser.parse(filled.text)).toEqual({ a: `x${v}` })
    }),
    { numRuns: 300, seed: 1 },
  )
})

test.for<readonly [string, string | undefined]>([
  ['#cloud-config\nautoinstall:\n  version: 1\n', 'cloud-init'],
  ['#cloud-config\ninstall: {}\n', 'cloud-config'],
  ['#!/bin/sh\n', 'shell'],
  ['<?xml version="1.0"?>\n<profile/>', 'autoyast'],
  ['# my file\nd-i mirror/country string manual\n', 'preseed'],
  ['# x\nvmaccepteula\nrootpw x\n', 'esxi'],
  ['text\nrootpw --lock\n%packages\n%end\n', 'anaconda'],
  ['{ "ignition": { "version": "3.3.0" } }', 'ignition'],
  ['{ "product": { "id": "x" } }', 'agama'],
  ['version: v1alpha1\nmachine:\n  type: worker\n', 'talos'],
  ['KEYMAPOPTS="us us"\n', 'alpine'],
  ['autorun:\n  exec: {}\n', 'sysrescue'],
  ['{ "hostname": "x", "disk": "/dev/sda" }', undefined],
  ['kickstart: photon\n', undefined],
])('%j is %s', ([text, format]) => {
  expect(formatOf(text)).toBe(format)
})

test.for<readonly ['preseed' | 'anaconda' | 'alpine', string, readonly string[]]>([
  ['preseed', '# c\n\nd-i a/b boolean true\nd-i preseed/late_command string x \\\n y z', []],
  [
    'preseed',
    'd-i a/b bolean true',
    [
      '1 a/b: found the type bolean, allowed: string, boolean, select, multiselect, password, note, text, error',
    ],
  ],
  [
    'preseed',
    'd-i passwd/root-password s3cret',
    [
      '1 passwd/root-password: is of no type, allowed: string, boolean, select, multiselect, password, note, text, error',
    ],
  ],
  [
    'preseed',
    'x\nd-i a/b boolean yes',
    ['1 is no OWNER QUESTION TYPE VALUE', '2 a/b: found yes, allowed: true or false'],
  ],
  [
    'preseed',
    'd-i passwd/root-password-crypted password secret',
    ['1 passwd/root-password-crypted: is no hash: bootlace hash-password makes one'],
  ],
  [
    'anaconda',
    '# c\n%include /tmp/x\nrebot',
    ['3 rebot: is unknown to the installer; is it reboot?'],
  ],
  ['anaconda', 'text\n%post --log=/x\nanything here', ['2 %post has no %end']],
  ['anaconda', '%pst\n%end', ['1 %pst: is unknown to the installer; is it %post?']],
  [
    'anaconda',
    'rootpw --iscrypted secret',
    ['1 rootpw: is no hash: bootlace hash-password makes one'],
  ],
  ['anaconda', 'rootpw --iscrypted $6$a$b\n%packages\nvim\n%end', []],
  ['alpine', 'KEYMAPOPTS="us us"', ['1 DISKOPTS: is missing, so it would ask']],
  ['alpine', 'DISKOPTS="-m sys /dev/sda"\nA="b\nc\n"\nnonsense', ['5 is no NAME=VALUE']],
])('%s: %j', ([format, text, expected]) => {
  expect(checkText(text, format).map(({ line, says }) => `${line} ${says}`)).toEqual(expected)
})
