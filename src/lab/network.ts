/**
 * The lab's own network: one namespace is the switch (a bridge, one tap per machine), and each
 * server has a namespace tied to it by a veth pair. Nothing here touches the host's interfaces:
 * everything is made inside namespaces, and goes with them.
 *
 * Names begin with `bootlace-`, the pid of the lab and a number, so that labs run side by side and
 * what a killed one left behind is known: its pid is no longer alive. Only such leftovers are removed.
 */
import { spawnSync } from 'node:child_process'
import { SystemError } from '../core/errors.ts'
import { isAlive, run } from './processes.ts'

export interface LabNetwork extends AsyncDisposable {
  /** The namespace that the virtual machines' taps are in. */
  readonly switch: string
  /** The bridge there: what is captured on it is everything that was said. */
  readonly bridge: string
  /**
   * A new namespace with one interface, `eth0`, on the switch; answers the namespace's name. It
   * speaks IPv6 only when its address is one.
   */
  attach(name: string, address: string): Promise<string>
  /** A new tap on the switch; answers its name. */
  addTap(): Promise<string>
}

const bridge = 'br0'
const namePattern = /^bootlace-([0-9a-z]+)x\d+-[a-z0-9]+$/

let labs = 0

/** Opens an empty network; dispose of it after everything that runs in it has ended. */
export async function openNetwork(): Promise<LabNetwork> {
  if (process.getuid?.() !== 0) {
    throw new SystemError(
      'the lab makes network namespaces: run it as root (for example with sudo)',
    )
  }
  await removeLeftovers()
  labs += 1
  const network = new Network(`bootlace-${process.pid.toString(36)}x${labs}`)
  try {
    await network.open()
  } catch (error) {
    await network[Symbol.asyncDispose]()
    throw error
  }
  return network
}

/** Removes the namespaces of labs that are no longer alive, and ends what still runs in them. */
export async function removeLeftovers(): Promise<void> {
  for (const namespace of await listNamespaces()) {
    const pid = namePattern.exec(namespace)?.[1]
    if (pid === undefined || isAlive(Number.parseInt(pid, 36))) continue
    await removeNamespace(namespace).catch(() => undefined) // another lab may be quicker
  }
}

class Network implements LabNetwork {
  readonly switch: string
  readonly bridge = bridge
  readonly #prefix: string
  readonly #namespaces: string[] = []
  #links = 0
  readonly #atExit = (): void => {
    for (const namespace of this.#namespaces.toReversed()) removeAtExit(namespace)
  }

  constructor(prefix: string) {
    this.#prefix = prefix
    this.switch = `${prefix}-sw`
    process.on('exit', this.#atExit)
  }

  async open(): Promise<void> {
    await this.#addNamespace(this.switch)
    // The switch itself must not speak, and must not hold back the first packets (forward_delay)
    // or multicast (snooping).
    await silenceIpv6(this.switch)
    const settings = ['forward_delay', '0', 'stp_state', '0', 'mcast_snooping', '0']
    await this.#ip(this.switch, 'link', 'add', bridge, 'type', 'bridge', ...settings)
    await this.#ip(this.switch, 'link', 'set', bridge, 'up')
  }

  async attach(name: string, address: string): Promise<string> {
    const namespace = `${this.#prefix}-${name}`
    await this.#addNamespace(namespace)
    const link = `s${(this.#links += 1)}`
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]
    await this.#ip(this.switch, 'link', 'add', link, ...peer)
    await this.#ip(this.switch, 'link', 'set', link, 'master', bridge, 'up')
    const isIpv6 = address.includes(':')
    if (!isIpv6) await silenceIpv6(namespace)
    // Without `nodad` an IPv6 address is deaf for its first two seconds.
    const settings = isIpv6 ? ['nodad'] : []
    await this.#ip(namespace, 'addr', 'add', address, 'dev', 'eth0', ...settings)
    await this.#ip(namespace, 'link', 'set', 'eth0', 'up')
    return namespace
  }

  async addTap(): Promise<string> {
    const tap = `t${(this.#links += 1)}`
    await this.#ip(this.switch, 'tuntap', 'add', 'dev', tap, 'mode', 'tap')
    await this.#ip(this.switch, 'link', 'set', tap, 'master', bridge, 'up')
    return tap
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#atExit)
    for (const namespace of this.#namespaces.toReversed()) await removeNamespace(namespace)
    this.#namespaces.length = 0
  }

  async #addNamespace(namespace: string): Promise<void> {
    await run('ip', 'netns', 'add', namespace)
    this.#namespaces.push(namespace)
    await this.#ip(namespace, 'link', 'set', 'lo', 'up')
  }

  async #ip(namespace: string, ...args: readonly string[]): Promise<void> {
    await run('ip', '-n', namespace, ...args)
  }
}

async function silenceIpv6(namespace: string): Promise<void> {
  const setting = 'net.ipv6.conf.all.disable_ipv6=1'
  await run('ip', 'netns', 'exec', namespace, 'sysctl', '-qw', setting)
}

async function removeNamespace(namespace: string): Promise<void> {
  endProcesses(await run('ip', 'netns', 'pids', namespace))
  await run('ip', 'netns', 'del', namespace)
}

/** At the end of the process nothing can be waited for any more. */
function removeAtExit(namespace: string): void {
  endProcesses(spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).stdout)
  spawnSync('ip', ['netns', 'del', namespace])
}

/** The namespace is ours alone, so whatever still runs in it is ours, too. */
function endProcesses(pids: string): void {
  for (const pid of pids.split(/\s+/).filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // it ended by itself in between
    }
  }
}

async function listNamespaces(): Promise<readonly string[]> {
  const text = await run('ip', 'netns', 'list')
  return text.split('\n').flatMap((line) => line.split(' ')[0] ?? [])
}
