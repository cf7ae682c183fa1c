/** A host of the configuration as people see it: what it boots, and how its installation stands. */
import type { Mac } from '../../core/address.ts'
import type { Host } from '../host.ts'
import type { InstallRecord, InstallState } from './install-state.ts'
import { installWords } from './install-words.ts'
import type { NextBoot } from './next-boot.ts'

/** Holds no secret. */
export interface HostView {
  readonly name: string
  readonly mac: Mac
  /** What the configuration says. */
  readonly boot: string
  /** What the user chose for the next boot alone. */
  readonly next?: string | undefined
  /** Where it installs itself: how that stands. */
  readonly install?: InstallView | undefined
  /** All of it in one sentence, without the host's name. */
  readonly text: string
  /** A person should do something. */
  readonly isTrouble: boolean
}

export interface InstallView {
  readonly state: InstallState
  readonly entry: string
  /** Epoch milliseconds, as in `installedAt`. */
  readonly since: number
  readonly starts: number
  readonly installedAt?: number | undefined
  readonly reason?: string | undefined
  /** Why it cannot be installed, although it is armed. */
  readonly problem?: string | undefined
}

export interface HostFindings {
  readonly record: InstallRecord | undefined
  readonly choice: NextBoot | undefined
  readonly problem: string | undefined
}

export function hostView(host: Host, { record, choice, problem }: HostFindings): HostView {
  const { name, mac, boot, once = true } = host
  const usual = record === undefined ? boots(boot) : installWords(record, { once, boot, problem })
  const next = choice?.entry
  return {
    name,
    mac,
    boot,
    next,
    install: record === undefined ? undefined : installView(record, problem),
    text: next === undefined ? usual : `${boots(next)} next; then: ${usual}`,
    isTrouble: record?.state === 'stopped' || (record?.state === 'armed' && problem !== undefined),
  }
}

function boots(entry: string): string {
  return entry === 'menu' ? 'gets the menu' : `boots ${entry}`
}

function installView(record: InstallRecord, problem: string | undefined): InstallView {
  const { state, entry, at, starts, installedAt, reason } = record
  return { state, entry, since: at, starts, installedAt, reason, problem }
}
