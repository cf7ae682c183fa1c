/**
 * Private networks and the programs in them. Namespaces begin with `blb-` and the pid of the bench:
 * leftovers of a bench that is no longer alive are removed, nobody else's.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { SystemError } from '../src/core/errors.ts'
import { run } from '../src/setup/commands.ts'
import { isAlive } from '../src/lab/processes.ts'

const prefix = `blb-${process.pid.toString(36)}-`

export interface StartOptions {
  /** Where its words go: no pipe that somebody must read while it is measured. */
  readonly log: string
  /** The processor that it and all its threads run on; default: any. */
  readonly core?: number
}

/** Namespaces with cables between them, and servers; gone when disposed of. */
export class BenchNetwork implements AsyncDisposable {
  readonly #namespaces: string[] = []
  readonly #running: ChildProcess[] = []
  readonly #atExit = (): void => {
    for (const namespace of this.#namespaces) spawnSync('ip', ['netns', 'del', namespace])
  }

  private constructor() {
    process.on('exit', this.#atExit)
  }

  static async open(): Promise<BenchNetwork> {
    if (process.getuid?.() !== 0) {
      throw new SystemError('the bench makes network namespaces: run it as root')
    }
    await removeLeftovers()
    return new BenchNetwork()
  }

  /** A namespace whose loopback has an Ethernet's MTU. */
  async namespace(name: string): Promise<string> {
    const namespace = `${prefix}${name}`
    await run('ip', ['netns', 'add', namespace])
    this.#namespaces.push(namespace)
    await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'mtu', '1500', 'up'])
    await useLossBasedTcp(namespace)
    return namespace
  }

  /** A cable between two namespaces: `[namespace, address/prefix]` at either end, MTU 1500. */
  async link(...ends: readonly [readonly [string, string], readonly [string, string]]) {
    const [[here], [there]] = ends
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', there]
    await run('ip', ['link', 'add', 'eth0', 'netns', here, ...peer])
    for (const [namespace, address] of ends) {
      await run('ip', ['-n', namespace, 'addr', 'add', address, 'dev', 'eth0'])
      await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up'])
    }
  }

  /** Starts a server in a namespace; answers its pid. */
  start(namespace: string, argv: readonly string[], { log, core }: StartOptions): number {
    const file = openSync(log, 'a')
    const guarded = ['setpriv', '--pdeathsig', 'TERM', '--', ...pinned(core), ...argv]
    const child = spawn('ip', ['netns', 'exec', namespace, ...guarded], {
      stdio: ['ignore', file, file],
    })
    closeSync(file)
    if (child.pid === undefined) throw new SystemError(`cannot start ${argv.join(' ')}`)
    this.#running.push(child)
    return child.pid
  }

  /** Ends a server by its pid. */
  async stop(pid: number): Promise<void> {
    const child = this.#running.find((one) => one.pid === pid)
    if (child !== undefined) await end(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running.toReversed()) await end(child)
    process.off('exit', this.#atExit)
    for (const namespace of this.#namespaces.splice(0)) await remove(namespace)
  }
}

/** Runs a program in a namespace to its end and answers what it printed. */
export function runIn(namespace: string, argv: readonly string[], core?: number): Promise<string> {
  return run('ip', ['netns', 'exec', namespace, ...pinned(core), ...argv])
}

/** Waits until `try_` succeeds: at most 20 s, then its reason with the server's last words. */
export async function untilReady(try_: () => Promise<unknown>, log?: string): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      await try_()
      return
    } catch (error) {
      if (Date.now() > deadline) {
        const text = log === undefined ? '' : readFileSync(log, 'utf8')
        const words = text.trim().split('\n').slice(-8).join('\n')
        throw new SystemError(`a server does not answer: ${String(error)}\n${words}`)
      }
      await delay(100)
    }
  }
}

function pinned(core: number | undefined): readonly string[] {
  return core === undefined ? [] : ['taskset', '-c', String(core)]
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const inTime = await Promise.race([ended.then(() => true), delay(5_000, false)])
  if (inTime) return
  child.kill('SIGKILL')
  await ended
}

/** bbr paces on loopback, which measures bbr; a namespace may always have reno, and most have cubic. */
async function useLossBasedTcp(namespace: string): Promise<void> {
  const use = (algorithm: string): Promise<string> =>
    runIn(namespace, ['sysctl', '-qw', `net.ipv4.tcp_congestion_control=${algorithm}`])
  await use('cubic').catch(() => use('reno'))
}

async function removeLeftovers(): Promise<void> {
  for (const line of (await run('ip', ['netns', 'list'])).split('\n')) {
    const match = /^(blb-([0-9a-z]+)-\S+)/.exec(line)
    const pid = Number.parseInt(match?.[2] ?? '', 36)
    if (match?.[1] !== undefined && !isAlive(pid)) await remove(match[1])
  }
}

async function remove(namespace: string): Promise<void> {
  const pids = await run('ip', ['netns', 'pids', namespace]).catch(() => '')
  for (const pid of pids.split('\n').filter(Boolean)) spawnSync('kill', ['-9', pid])
  await run('ip', ['netns', 'del', namespace]).catch(() => '')
}
