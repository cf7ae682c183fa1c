import { expect, test } from 'vitest'
import { macFromOctets, parseIpv4, parseSubnet } from '../../../src/core/address.ts'
import { hostVariables } from '../../../src/boot/kickstart/host-variables.ts'
import { fillIn } from '../../../src/boot/kickstart/kickstart-template.ts'

const variables = new Map<string, string | number | boolean>([
  ['name', 'web-01'],
  ['vars.size', 4096],
  ['vars.live', true],
  ['vars.motd', `it's "$HOME"`],
  ['vars.role', 'web'],
])

function filled(value: unknown) {
  const { value: result, findings } = fillIn(value, variables)
  expect(findings).toEqual([])
  return result
}

function said(value: unknown): string {
  return fillIn(value, variables)
    .findings.map(({ path, says }) => `${path.join('.')}: ${says}`)
    .join('; ')
}

test('values, in keys, too', () => {
  expect(
    filled({ hostname: '${name}', a: { 'http://${name}/x': '/y' }, b: ['-${vars.role}-'] }),
  ).toEqual({
    hostname: 'web-01',
    a: { 'http://web-01/x': '/y' },
    b: ['-web-'],
  })
})

test('a value that is one variable keeps its kind', () => {
  expect(filled({ size: '${vars.size}', live: '${vars.live}', text: '${vars.size} ' })).toEqual({
    size: 4096,
    live: true,
    text: '4096 ',
  })
})

test('quotes and line breaks need no escaping', () => {
  expect(filled({ motd: '${vars.motd}' })).toEqual({ motd: `it's "$HOME"` })
})

test('defaults', () => {
  expect(
    filled({
      a: '${vars.none:-/dev/sda}',
      b: '${vars.none:-10}',
      c: '${vars.none:-}',
      d: '${vars.role:-x}',
    }),
  ).toEqual({ a: '/dev/sda', b: 10, c: '', d: 'web' })
})

test('an optional one takes its key away', () => {
  expect(filled({ key: '${vars.none?}', list: ['a', '${vars.none?}'] })).toEqual({ list: ['a'] })
})

test("what is a shell's own", () => {
  expect(filled({ postinstall: ['echo $${HOME} $HOME $(date)'] })).toEqual({
    postinstall: ['echo ${HOME} $HOME $(date)'],
  })
})

test('a shell gets only what it leaves alone, or quotes', () => {
  expect(filled({ postinstall: ['echo ${vars.role}', 'echo ${vars.motd|quote}'] })).toEqual({
    postinstall: ['echo web', `echo 'it'\\''s "$HOME"'`],
  })
  expect(said({ postinstall: ['echo ${vars.motd}'] })).toMatch(/^postinstall.0: .*vars.motd\|quote/)
  expect(said({ postinstall: ['${vars.motd}'] })).toMatch(/\|quote/)
})

test.for([
  ['an unknown name', '${nam}', 'a: has ${nam}, which is no variable (is it name?)'],
  ['a name that is like none', '${zzzzzzzzzz}', 'there are name, vars.size'],
  ['a value that nobody gave', '${vars.none}', 'a: needs vars.none: set it in vars of the host'],
  ['an expression', '${name:0:2}', 'which is no variable; write $${'],
  ['nothing', '${}', 'which is no variable'],
  ['a name of JavaScript', '${constructor}', 'which is no variable'],
  ['a variable inside of text', 'x ${nam}', 'is it name?'],
] as const)('refuses %s', ([, text, says]) => {
  expect(said({ a: text })).toContain(says)
})

test('what is known of a host', () => {
  const host = {
    name: 'web-01',
    mac: macFromOctets(Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)),
    vars: { role: 'web' },
  }
  expect(Object.fromEntries(hostVariables(host))).toEqual({
    name: 'web-01',
    mac: '52:54:00:12:34:56',
    mac_dashes: '52-54-00-12-34-56',
    'vars.role': 'web',
  })
  const network = {
    subnet: parseSubnet('192.168.50.0/24')!,
    gateway: parseIpv4('192.168.50.1'),
    dns: [parseIpv4('192.168.50.2')!, parseIpv4('192.168.50.3')!],
    domain: 'lab.example',
  }
  const whole = { ...host, address: parseIpv4('192.168.50.10'), network, server: '192.168.50.5' }
  expect(Object.fromEntries(hostVariables(whole))).toMatchObject({
    address: '192.168.50.10',
    netmask: '255.255.255.0',
    prefix: 24,
    gateway: '192.168.50.1',
    dns: '192.168.50.2',
    domain: 'lab.example',
    server: '192.168.50.5',
  })
})
