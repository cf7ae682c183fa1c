/**
 * Compiles a source to the kickstart that one installer takes. A source has the keys of the newest
 * installers, where they have changed in either form; what an older one writes differently is
 * rewritten here. What it cannot do at all stays as it is, and the check says so.
 */
import { isObject } from './formats.ts'
import { type Installer, isBefore, isStrict } from './installers.ts'
import {
  type Changed,
  type Config,
  type Step,
  applySteps,
  bootBoth,
  esxToFlavor,
  flavor,
  keyReason,
  without,
} from './kickstart-era.ts'
import { installsByType } from './old-installers.ts'

/** The key that says that a file is a source, and what must stand there. */
export const marker = 'kickstart'
export const markerValue = 'photon'

export function isSource(value: unknown): boolean {
  return isObject(value) && Object.hasOwn(value, marker)
}

export function compile(config: Config, installer: Installer): Changed {
  return applySteps(steps, without(config, marker), installer)
}

/** `disks` with nothing but a default, or disks by path: up to 2.3 there is only `disk`. */
const oneDisk: Step = (config, installer) => {
  const { disks, partitions } = config
  const devices = isObject(disks) ? devicesOf(disks) : undefined
  const main = devices?.get('default')
  if (devices === undefined || main === undefined || !isBefore(installer, '2.4')) return undefined
  const list: readonly unknown[] = Array.isArray(partitions) ? partitions : []
  return {
    config: {
      ...without(config, 'disks'),
      disk: main,
      ...(list.length === 0 ? {} : { partitions: list.map((part) => byPath(part, devices)) }),
    },
    notes: ['disks is now disk, and disk_id of a partition its disk'],
  }
}

/** Undefined where one of them is no device. */
function devicesOf(disks: Config): ReadonlyMap<string, string> | undefined {
  const pairs = Object.entries(disks).flatMap(([id, disk]) => {
    const device = isObject(disk) ? disk['device'] : undefined
    return typeof device === 'string' ? [[id, device] as const] : []
  })
  return pairs.length === Object.keys(disks).length ? new Map(pairs) : undefined
}

function byPath(part: unknown, devices: ReadonlyMap<string, string>): unknown {
  if (!isObject(part) || typeof part['disk_id'] !== 'string') return part
  const device = devices.get(part['disk_id'])
  return device === undefined ? part : { ...without(part, 'disk_id'), disk: device }
}

/** Up to 2.3 without a default. */
const filesystem: Step = (config, installer) => {
  const { partitions } = config
  if (!Array.isArray(partitions) || !isBefore(installer, '2.4')) return undefined
  const list: readonly unknown[] = partitions
  if (!list.some(isBare)) return undefined
  const filled = list.map((part) => (isBare(part) ? { ...part, filesystem: 'ext4' } : part))
  return { config: { ...config, partitions: filled }, notes: ['filesystem: ext4 is added'] }
}

function isBare(part: unknown): part is Config {
  return isObject(part) && !('filesystem' in part)
}

/** Keys for one processor: up to 2.3 they are those without its name, or nothing. */
const oneProcessor: Step = (config, installer) => {
  const arch = config['arch'] === 'aarch64' ? 'aarch64' : 'x86_64'
  const names = Object.keys(config).filter((key) => /_(?:x86_64|aarch64)$/.test(key))
  if (names.length === 0 || !isBefore(installer, '2.4')) return undefined
  const own = config[`linux_flavor_${arch}`]
  const more = [config['additional_packages'], config[`packages_${arch}`]].flatMap(
    (list): unknown[] => (Array.isArray(list) ? list : []),
  )
  return {
    config: {
      ...without(config, ...names),
      ...(own === undefined ? {} : { linux_flavor: own }),
      ...(more.length === 0 ? {} : { additional_packages: more }),
    },
    notes: [`${names.join(', ')}: what is for ${arch} is now in the keys for all`],
  }
}

const verbs: Readonly<Record<string, string>> = {
  enabled: 'enable',
  disabled: 'disable',
  masked: 'mask',
}

/** Up to 2.8 a script does it, at its end: it may have made the service. */
const services: Step = (config, installer) => {
  const { services: states, postinstall } = config
  if (!isObject(states) || !isBefore(installer, '2.9')) return undefined
  const lines = Object.entries(states).map(([name, state]) =>
    typeof state === 'string' && Object.hasOwn(verbs, state) && /^[\w@.:-]+$/.test(name)
      ? `systemctl ${verbs[state] ?? ''} ${name}`
      : undefined,
  )
  if (lines.includes(undefined)) return undefined
  const script: readonly unknown[] = Array.isArray(postinstall) ? postinstall : ['#!/bin/sh']
  const last = script.at(-1)
  const end =
    typeof last === 'string' && /^\s*exit\b/.test(last) ? script.length - 1 : script.length
  return {
    config: {
      ...without(config, 'services'),
      postinstall: [...script.slice(0, end), ...lines, ...script.slice(end)],
    },
    notes: ['services is now systemctl in postinstall'],
  }
}

/** Lists by name, as `type` up to photon2.0 has them. */
const types: ReadonlyMap<unknown, string> = new Map([
  ['packages_minimal.json', 'minimal'],
  ['packages_developer.json', 'full'],
])

const typeFromList: Step = (config, installer) => {
  const { packagelist_file: list } = config
  if (!installsByType(installer)) return undefined
  const type = types.get(list)
  if (type === undefined) return undefined
  return {
    config: { ...without(config, 'packagelist_file'), type },
    notes: [`packagelist_file: ${String(list)} is now type: ${type}`],
  }
}

/** What installers before 3.0 was revised do anyway. */
const defaultsOfOld: Readonly<Record<string, unknown>> = {
  linux_flavor: 'linux',
  bootmode: 'dualboot',
}

const oldDefaults: Step = (config, installer) => {
  const same = Object.keys(config).filter((key) => config[key] === defaultsOfOld[key])
  if (same.length === 0 || isStrict(installer)) return undefined
  return {
    config: without(config, ...same),
    notes: [`${same.join(', ')} is left out: unknown there`],
  }
}

/** Before 3.0 was revised each kickstart had a password. */
const lockedPassword: Step = (config, installer) => {
  if (isStrict(installer) || 'password' in config) return undefined
  return {
    config: { ...config, password: { crypted: true, text: '*' } },
    notes: ['password is added, locked: the installer needs one'],
  }
}

const exported = 'BOOTLACE_ROOT_HASH'

/** 2.1 takes a hash, which begins with a dollar, for a variable: so it gets one. */
const hashInVariable: Step = (config, installer) => {
  const { password, preinstall } = config
  const hash = isObject(password) ? password['text'] : undefined
  if (installer !== '2.1' || typeof hash !== 'string' || !/^\$\d[^']*$/.test(hash)) return undefined
  const script: readonly unknown[] = Array.isArray(preinstall) ? preinstall : ['#!/bin/sh']
  return {
    config: {
      ...config,
      password: { ...(isObject(password) ? password : {}), text: `$${exported}` },
      preinstall: [...script, `export ${exported}='${hash}'`],
    },
    notes: ['the hash of the password is now exported by preinstall: 2.1 reads its $ itself'],
  }
}

const steps: readonly Step[] = [
  esxToFlavor,
  oneProcessor,
  flavor,
  bootBoth,
  keyReason,
  oneDisk,
  filesystem,
  services,
  typeFromList,
  lockedPassword,
  oldDefaults,
  hashInVariable,
]
