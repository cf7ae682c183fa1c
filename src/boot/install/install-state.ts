/**
 * Installing once, with proof: what is known of one machine's installation, and what each event makes
 * of it. The way is armed → booting → installing → installed → disk; wherever it would lead round in
 * a circle, it is stopped on the safe side, which is the disk.
 *
 * Knows one machine's record and nothing else: who may fetch, where it is kept and what is served is
 * decided by others. Nothing here can arm a machine but the user and `once: false`.
 */

export const installStates = [
  /** It installs itself at its next start. */
  'armed',
  /** It was told to, and has not fetched its answers yet. */
  'booting',
  /** Its installer has fetched its answers: from here on the disk may be wiped. */
  'installing',
  /** Its installer reported that it is done. */
  'installed',
  /** It was installed, and was sent to its disk since. */
  'disk',
  /** It came back when it should not have; it is sent to its disk until somebody arms it. */
  'stopped',
] as const
export type InstallState = (typeof installStates)[number]

export interface InstallRecord {
  readonly state: InstallState
  /** Since when, epoch milliseconds. */
  readonly at: number
  /** The entry that it installs. */
  readonly entry: string
  /** The host's name: a machine with another MAC address but this name is the same one to people. */
  readonly host: string
  /** The secret in the path of its answers; another one at each arming. */
  readonly token: string
  /** In how many boots it was told to install since it was armed. */
  readonly starts: number
  /** When the last of them began, epoch milliseconds; 0 before the first. */
  readonly startedAt: number
  /** Its firmware was heard since: what it asks for next, it asks for in another boot. */
  readonly isBack: boolean
  /** When it reported last that it is installed, epoch milliseconds. */
  readonly installedAt?: number | undefined
  /** Why it is stopped. */
  readonly reason?: string | undefined
}

export type InstallEvent =
  /** What it boots is asked for, and would be the installation. */
  | 'offered'
  /** What it boots was asked for, and is something else that the user chose for this once. */
  | 'passed'
  /** Its answers were handed out. */
  | 'fetched'
  /** It reported that it is installed. */
  | 'done'
  /** Its firmware asks for an address: anybody could have sent that, so it decides nothing alone. */
  | 'powered'
  /** The user arms it. */
  | 'armed'
  /** The user takes that back. */
  | 'disarmed'

export interface InstallFacts {
  /** Whether one installation is enough. */
  readonly once: boolean
  /** For a new arming: its secret, what is to be installed, and the host's name. */
  readonly token: string
  readonly entry: string
  readonly host: string
}

/** A machine that starts so often without fetching its answers is not started again. */
export const mostStarts = 3
/** Loaders that replace each other ask several times within this, milliseconds: it is one boot. */
export const sameBoot = 30_000
/** After this it is another boot, although its firmware was not heard. Milliseconds. */
export const surelyAnother = 600_000

export function armedRecord(
  { entry, host, token }: Pick<InstallRecord, 'entry' | 'host' | 'token'>,
  now: number,
): InstallRecord {
  return { state: 'armed', at: now, entry, host, token, starts: 0, startedAt: 0, isBack: false }
}

/** The record after an event; the same object where it changes nothing. */
export function advance(
  record: InstallRecord,
  event: InstallEvent,
  facts: InstallFacts,
  now: number,
): InstallRecord {
  return steps[record.state][event]?.(record, facts, now) ?? record
}

/** Whether its answers may be handed out, the same ones to each try. */
export function mayFetch({ state }: InstallRecord): boolean {
  return state === 'booting' || state === 'installing'
}

type Step = (record: InstallRecord, facts: InstallFacts, now: number) => InstallRecord

/** What is left out changes nothing. */
const steps: Readonly<Record<InstallState, Readonly<Partial<Record<InstallEvent, Step>>>>> = {
  armed: { offered: start, armed: arm, disarmed: disarm },
  booting: {
    offered: startAgain,
    fetched: enter('installing'),
    done,
    powered: comeBack,
    armed: arm,
    disarmed: disarm,
  },
  installing: { offered: returned, passed: returned, done, armed: arm, disarmed: disarm },
  installed: { offered: rest, armed: arm, disarmed: disarmRepeated },
  disk: { offered: rest, armed: arm, disarmed: disarmRepeated },
  // What reports only once it runs from its disk comes late, and is as good.
  stopped: { done, armed: arm },
}

function enter(state: InstallState): Step {
  return (record, _facts, now) => ({ ...record, state, at: now })
}

function arm({ installedAt }: InstallRecord, facts: InstallFacts, now: number): InstallRecord {
  return { ...armedRecord(facts, now), installedAt }
}

function disarm(record: InstallRecord, _facts: InstallFacts, now: number): InstallRecord {
  return stop(record, 'somebody disarmed it', now)
}

/** One that has installed itself is armed only where it does so at each start. */
function disarmRepeated(record: InstallRecord, facts: InstallFacts, now: number): InstallRecord {
  return facts.once ? record : disarm(record, facts, now)
}

function start(record: InstallRecord, _facts: InstallFacts, now: number): InstallRecord {
  const starts = record.starts + 1
  return { ...record, state: 'booting', at: now, starts, startedAt: now, isBack: false }
}

/** Its loaders ask again in the same boot; in another one it may try again, but not for ever. */
function startAgain(record: InstallRecord, facts: InstallFacts, now: number): InstallRecord {
  const { starts, startedAt, isBack } = record
  if (!isBack && Math.abs(now - startedAt) < surelyAnother) return record
  if (starts < mostStarts) return start(record, facts, now)
  return stop(record, `it was started ${starts} times and never fetched its answers`, now)
}

function comeBack(record: InstallRecord, _facts: InstallFacts, now: number): InstallRecord {
  const isSame = record.isBack || Math.abs(now - record.startedAt) < sameBoot
  return isSame ? record : { ...record, isBack: true }
}

/** It had its answers, and asks what to boot: its installer ended, well or not, and said nothing. */
function returned(record: InstallRecord, facts: InstallFacts, now: number): InstallRecord {
  if (!facts.once) return start(arm(record, facts, now), facts, now)
  return stop(record, 'it fetched its answers and came back without reporting that it is done', now)
}

function rest(record: InstallRecord, facts: InstallFacts, now: number): InstallRecord {
  if (!facts.once) return start(arm(record, facts, now), facts, now)
  return record.state === 'disk' ? record : { ...record, state: 'disk', at: now }
}

function done(record: InstallRecord, _facts: InstallFacts, now: number): InstallRecord {
  return { ...record, state: 'installed', at: now, installedAt: now, reason: undefined }
}

function stop(record: InstallRecord, reason: string, now: number): InstallRecord {
  return { ...record, state: 'stopped', at: now, reason }
}
