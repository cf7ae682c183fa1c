/**
 * What the ESXi installer (weasel) reads in its ks.cfg, as data: commands, their options and the
 * formats of their values. To support another command or option, add a row.
 *
 * Source: VMware, "ESXi Installation and Setup", 6.7 to 8.0, and Broadcom, 9.0: "Installation and
 * Upgrade Script Commands", "Boot Options".
 */
import { parseIpv4, parseMac } from '../../core/address.ts'

/** Undefined when the value is right, else what is allowed. */
export type ValueFormat = (value: string) => string | undefined

export interface KsOption {
  /** `flag` takes no value, `optional` one behind `=` or none. */
  readonly takes: 'flag' | 'value' | 'optional'
  readonly format?: ValueFormat | undefined
  /** First release that knows it. */
  readonly from?: string | undefined
  /** Nobody should read its value in a message. */
  readonly isSecret?: boolean | undefined
}

export interface KsCommand {
  readonly options: Readonly<Record<string, KsOption>>
  /** Words that are no options; none by default. */
  readonly words?: { readonly least: number; readonly most: number; readonly what: string }
  /** May stand several times. */
  readonly repeats?: boolean | undefined
}

function match(allowed: string, pattern: RegExp): ValueFormat {
  return (value) => (pattern.test(value) ? undefined : allowed)
}

function oneOf(...words: readonly string[]): ValueFormat {
  return (value) => (words.includes(value) ? undefined : words.join(' or '))
}

const address: ValueFormat = (value) =>
  parseIpv4(value) === undefined ? 'an IPv4 address' : undefined

const servers: ValueFormat = (value) => {
  const all = value.split(',').map((one) => one.trim())
  const isGood = all.length <= 2 && all.every((one) => address(one) === undefined)
  return isGood ? undefined : 'one or two IPv4 addresses with a comma between'
}

const netmask: ValueFormat = (value) => {
  const mask = parseIpv4(value)
  const inverse = mask === undefined ? 1 : ~mask >>> 0
  return (inverse & (inverse + 1)) === 0 ? undefined : 'a netmask such as 255.255.255.0'
}

const card: ValueFormat = (value) =>
  /^vmnic\d+$/.test(value) || parseMac(value) !== undefined
    ? undefined
    : 'vmnic and a number, or a MAC address'

const vlan: ValueFormat = (value) =>
  /^\d{1,4}$/.test(value) && Number(value) <= 4095 ? undefined : 'a number from 0 to 4095'

const disk = match(
  'a disk as ESXi names it: naa.…, t10.…, eui.…, mpx.…, vml.… or a path below /vmfs/devices/disks/',
  /^(?:\/vmfs\/devices\/disks\/)?(?:naa|t10|eui|mpx|vml)\.[\w.:+-]+$/,
)
const diskList = match('names of disks with commas between', /^[^\s,]+(?:,[^\s,]+)*$/)
/** `local`, `remote`, `usb`, `localesx`, a model, a driver: what it tries first, in this order. */
const firstDisk = match('words such as localesx,local,usb,st3120814a,mptsas', /^[^,]+(?:,[^,]+)*$/)
const hostName = match('a host name', /^(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/)
const licence = match('a key XXXXX-XXXXX-XXXXX-XXXXX-XXXXX', /^[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}$/)

const flag: KsOption = { takes: 'flag' }
const onDisk: KsOption = { takes: 'value', format: disk }
const onFirstDisk: KsOption = { takes: 'optional', format: firstDisk }

/** Which disk, and what may be lost on it. */
const target = {
  '--disk': onDisk,
  '--drive': onDisk,
  '--firstdisk': onFirstDisk,
  '--overwritevmfs': flag,
  '--overwritevsan': flag,
  '--forceunsupportedinstall': flag,
} as const

const install: Readonly<Record<string, KsOption>> = {
  ...target,
  '--preservevmfs': flag,
  '--novmfsondisk': flag,
  '--ignoressd': flag,
  '--systemdisk': onDisk,
  '--repartitionsystemdisk': flag,
  '--dpupcislots': { takes: 'value', from: '8.0' },
}

const partition: KsCommand = {
  options: { '--ondisk': onDisk, '--onfirstdisk': onFirstDisk },
  words: { least: 1, most: 1, what: 'the name of a datastore' },
  repeats: true,
}
const serial: KsCommand = {
  options: { '--esx': { takes: 'value', format: licence, isSecret: true } },
}
const include: KsCommand = {
  options: {},
  words: { least: 1, most: 1, what: 'the path of a file' },
  repeats: true,
}

export const ksCommands: Readonly<Record<string, KsCommand>> = {
  accepteula: { options: {} },
  vmaccepteula: { options: {} },
  clearpart: {
    options: {
      '--drives': { takes: 'value', format: diskList },
      '--ignoredrives': { takes: 'value', format: diskList },
      '--alldrives': flag,
      '--firstdisk': onFirstDisk,
      '--overwritevmfs': flag,
    },
  },
  dryrun: { options: {} },
  install: { options: install },
  installorupgrade: { options: install },
  upgrade: { options: target },
  keyboard: { options: {}, words: { least: 1, most: 4, what: 'the name of a layout' } },
  serialnum: serial,
  vmserialnum: serial,
  network: {
    options: {
      '--bootproto': { takes: 'value', format: oneOf('dhcp', 'static') },
      '--device': { takes: 'value', format: card },
      '--ip': { takes: 'value', format: address },
      '--netmask': { takes: 'value', format: netmask },
      '--gateway': { takes: 'value', format: address },
      '--nameserver': { takes: 'value', format: servers },
      '--hostname': { takes: 'value', format: hostName },
      '--vlanid': { takes: 'value', format: vlan },
      '--addvmportgroup': { takes: 'value', format: oneOf('0', '1') },
    },
  },
  paranoid: { options: {} },
  part: partition,
  partition,
  reboot: { options: { '--noeject': flag } },
  rootpw: { options: { '--iscrypted': flag }, words: { least: 1, most: 1, what: 'a password' } },
  include,
  '%include': include,
}

const interpreter: KsOption = { takes: 'value', format: oneOf('busybox', 'python') }

export const ksSections: Readonly<Record<string, KsCommand>> = {
  '%pre': { options: { '--interpreter': interpreter }, repeats: true },
  '%post': {
    options: {
      '--interpreter': interpreter,
      '--timeout': { takes: 'value', format: match('seconds', /^\d+$/) },
      '--ignorefailure': { takes: 'value', format: oneOf('true', 'false') },
    },
    repeats: true,
  },
  '%firstboot': { options: { '--interpreter': interpreter }, repeats: true },
}
