/**
 * What is stored of a machine's installation, as it applies to the host that the configuration has
 * now. The rule is the safe side: a machine is armed by itself only when it never installed anything.
 */
import type { Host } from '../host.ts'
import { type InstallRecord, armedRecord, installStates } from './install-state.ts'

export interface Stored {
  /** Of this machine; undefined where nothing is. */
  readonly own: unknown
  /** Of machines that the configuration does not name any more. */
  readonly former: readonly unknown[]
}

/** The record that applies to the host; one that was derived is not stored by that. */
export function recordFor(
  host: Pick<Host, 'name' | 'boot'>,
  { own, former }: Stored,
  { token, now }: { readonly token: string; readonly now: number },
): InstallRecord {
  const fresh = armedRecord({ entry: host.boot, host: host.name, token }, now)
  const known = readRecord(own)
  if (known === undefined) {
    const reason = own === undefined ? reasonIn(former, host) : unreadable
    return reason === undefined ? fresh : stopped(fresh, reason)
  }
  const named = { ...known, host: host.name }
  if (known.entry === host.boot) return named
  if (!mayHaveWiped(known)) return fresh
  return stopped(named, formerly(known))
}

/** What becomes of what is stored once its host boots something else; undefined where it stays. */
export function movedAway(
  own: unknown,
  { boot }: Pick<Host, 'boot'>,
  { isInstaller, now }: { readonly isInstaller: boolean; readonly now: number },
): InstallRecord | undefined {
  const known = readRecord(own)
  if (known === undefined || known.entry === boot || !isToInstall(known)) return undefined
  // Another image before anything was installed is a change of mind, and takes its place.
  if (isInstaller && known.installedAt === undefined) return undefined
  const reason = `it was to install ${known.entry}, and then to boot ${boot} instead`
  return { ...stopped(known, reason), at: now }
}

function formerly({ entry, installedAt, starts, reason }: InstallRecord): string {
  if (installedAt !== undefined) return `it has installed ${entry} before`
  const neverBegan = starts === 0 ? reason : undefined
  return neverBegan ?? `it began to install ${entry} before`
}

const unreadable = 'what is stored of its installation cannot be read'

/** Somebody gave it another network card: to people it is the same machine, with its disk. */
function reasonIn(former: readonly unknown[], { name }: Pick<Host, 'name'>): string | undefined {
  const records = former.map(readRecord)
  const isKnown = records.some((one) => one?.host === name && mayHaveWiped(one))
  return isKnown ? 'a host of this name was installed under another MAC address' : undefined
}

function stopped(record: InstallRecord, reason: string): InstallRecord {
  return { ...record, state: 'stopped', reason }
}

function mayHaveWiped(record: InstallRecord): boolean {
  return record.installedAt !== undefined || !isToInstall(record)
}

function isToInstall({ state }: InstallRecord): boolean {
  return state === 'armed' || state === 'booting'
}

/** Undefined where it is none. */
export function readRecord(value: unknown): InstallRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Partial<Record<keyof InstallRecord, unknown>> = value
  const state = installStates.find((one) => one === fields.state)
  if (state === undefined || !texts.every((key) => typeof fields[key] === 'string'))
    return undefined
  if (!numbers.every((key) => Number.isFinite(fields[key]))) return undefined
  const { installedAt, reason } = fields
  return {
    state,
    at: Number(fields.at),
    entry: String(fields.entry),
    host: String(fields.host),
    token: String(fields.token),
    starts: Number(fields.starts),
    startedAt: Number(fields.startedAt),
    isBack: fields.isBack === true,
    ...(typeof installedAt === 'number' ? { installedAt } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}

const texts = ['entry', 'host', 'token'] as const
const numbers = ['at', 'starts', 'startedAt'] as const
