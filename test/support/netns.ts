/**
 * Network namespaces for tests with real clients: a private network that is gone afterwards.
 * Every name begins with `bl-i` and this process's id, so that test files run side by side;
 * nothing outside the namespaces is touched.
 */
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { isAlive } from '../../src/lab/processes.ts'

const prefix = 'bl-i'
let networks = 0

export interface Ran {
  readonly status: number | null
  readonly output: string
}

/** A process that keeps running in a namespace, with the lines it has written so far. */
export interface Running {
  readonly lines: readonly string[]
  /** The first line, written already or later, that matches; rejects when the process ends first. */
  line(pattern: RegExp, milliseconds?: number): Promise<string>
  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void
  /** SIGTERM by default; resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** One private network: namespaces, the links between them, and what runs in them. */
export class TestNetwork implements AsyncDisposable {
  readonly #id = `${prefix}${process.pid.toString(36)}-${networks++}`
  readonly #namespaces: string[] = []
  readonly #running: Running[] = []
  /** For files of the clients; removed with the network. */
  readonly folder = mkdtempSync(join(tmpdir(), 'bootlace-interop-'))

  constructor() {
    removeLeftovers()
  }

  /** A new namespace with its loopback up; answers its full name. */
  namespace(name: string): string {
    const namespace = `${this.#id}-${name}`
    ip('netns', 'add', namespace)
    this.#namespaces.push(namespace)
    ip('-n', namespace, 'link', 'set', 'lo', 'up')
    return namespace
  }

  /** A new namespace with a bridge `br0` that forwards at once: a switch. */
  switch(name: string): string {
    const namespace = this.namespace(name)
    const bridge = ['type', 'bridge', 'forward_delay', '0', 'stp_state', '0', 'mcast_snooping', '0']
    ip('-n', namespace, 'link', 'add', 'br0', ...bridge)
    ip('-n', namespace, 'link', 'set', 'br0', 'up')
    return namespace
  }

  /** A cable between two namespaces: `[namespace, interface, address/prefix?]` at either end. */
  link(...ends: readonly [End, End]): void {
    const [[here, name], [there, peer]] = ends
    ip('link', 'add', name, 'netns', here, 'type', 'veth', 'peer', 'name', peer, 'netns', there)
    for (const [namespace, device, address, mac] of ends) {
      if (mac !== undefined) ip('-n', namespace, 'link', 'set', device, 'address', mac)
      if (address !== undefined) ip('-n', namespace, 'addr', 'add', address, 'dev', device)
      ip('-n', namespace, 'link', 'set', device, 'up')
    }
  }

  /** A cable from a namespace to a switch. */
  plug(switchNamespace: string, end: End): void {
    const port = `p${this.#namespaces.length}-${Math.abs(hash(end[0] + end[1])) % 1000}`
    this.link([switchNamespace, port], end)
    ip('-n', switchNamespace, 'link', 'set', port, 'master', 'br0')
  }

  /** Runs a command to its end. With `files`, those paths are private copies (mount namespace). */
  run(namespace: string, command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = spawn('ip', this.#command(namespace, command, options), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 30) * 1000)
    let output = ''
    child.stdout.on('data', (part) => (output += String(part)))
    child.stderr.on('data', (part) => (output += String(part)))
    return new Promise((resolve) => {
      child.on('close', (status) => {
        clearTimeout(timer)
        resolve({ status, output })
      })
    })
  }

  /** Starts a command that goes on. */
  start(namespace: string, command: readonly string[], options: RunOptions = {}): Running {
    const child = spawn('ip', this.#command(namespace, command, options), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const running = follow(child)
    this.#running.push(running)
    return running
  }

  /** `tcpdump` that is listening when this resolves; `stop()` it, then read its lines. */
  async capture(namespace: string, device: string, filter: string): Promise<Running> {
    const flags = ['--immediate-mode', '-l', '-n', '-e', '-vv', '-s', '1600', '-i', device]
    const running = this.start(namespace, ['tcpdump', ...flags, filter])
    await running.line(/listening on/)
    return running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) await running.stop('SIGKILL')
    for (const namespace of this.#namespaces) removeNamespace(namespace)
    rmSync(this.folder, { recursive: true, force: true })
  }

  #command(namespace: string, command: readonly string[], options: RunOptions): string[] {
    const inside = options.private === true ? this.#private(command) : command
    return ['netns', 'exec', namespace, ...inside]
  }

  /** DHCP clients write to /etc and /var/lib: they get their own of both. */
  #private(command: readonly string[]): string[] {
    const script = [
      'mount --make-rprivate /',
      `: > ${this.folder}/resolv.conf && mount --bind ${this.folder}/resolv.conf /etc/resolv.conf`,
      'for d in /var/lib/dhcp /var/lib/dhcpcd /run/dhcpcd; do mkdir -p $d && mount -t tmpfs none $d; done',
      'exec "$@"',
    ].join('\n')
    return ['unshare', '-m', 'sh', '-e', '-c', script, 'sh', ...command]
  }
}

export type End = readonly [
  namespace: string,
  device: string,
  address?: string | undefined,
  mac?: string,
]

export interface RunOptions {
  readonly seconds?: number
  /** Own /etc/resolv.conf and lease folders, as DHCP clients need. */
  readonly private?: boolean
}

function follow(child: ChildProcessByStdio<null, Readable, Readable>): Running {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((check) => check())
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      wake()
    })
  }
  const closed = once(child, 'close').then(wake, wake)
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    lines,
    line: (pattern, milliseconds = 10_000) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          finish()
          reject(new Error(`${why} before ${pattern}:\n${lines.join('\n')}`))
        }
        const timer = setTimeout(() => fail(`${milliseconds} ms passed`), milliseconds)
        const finish = (): void => {
          clearTimeout(timer)
          waiting.delete(check)
        }
        const check = (): void => {
          const found = lines.find((line) => pattern.test(line))
          if (found !== undefined) {
            finish()
            resolve(found)
          } else if (ended()) fail('the process ended')
        }
        waiting.add(check)
        check()
      }),
    signal: (signal) => void child.kill(signal),
    stop: async (signal = 'SIGTERM') => {
      if (!ended()) child.kill(signal)
      await closed
    },
  }
}

/** What a test run that was killed has left behind: its process is gone, its namespaces are not. */
function removeLeftovers(): void {
  const list = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [namespace, pid] of list.matchAll(/^bl-i([0-9a-z]+)-\S+/gm)) {
    if (!isAlive(Number.parseInt(pid ?? '', 36))) removeNamespace(namespace)
  }
}

function removeNamespace(namespace: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).stdout
  for (const pid of pids.split('\n').filter(Boolean)) spawnSync('kill', ['-9', pid])
  spawnSync('ip', ['netns', 'del', namespace])
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function hash(text: string): number {
  let value = 0
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) | 0
  return value
}
