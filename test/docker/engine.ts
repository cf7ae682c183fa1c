/**
 * A Docker Engine of the test's own: its socket, its data and its processes are apart from any other
 * engine of the machine, and it is ended by its pid. One at a time: the data folder stays between
 * runs, so that an image that did not change is not built again.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { places } from '../../src/setup/places.ts'

const data = join(places.private, 'docker/data')

/** Debian's own; another one in the PATH may be too new for Debian's engine. */
const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'

/** How long the engine may take to start or to end, milliseconds. */
const patience = 30_000

export class DockerEngine implements AsyncDisposable {
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
  }

  /**
   * With a namespace, its bridge, its NAT and its host network are in there. Without one it has no
   * bridge and leaves the machine's firewall alone: good for `build --network host`.
   */
  static async start(namespace?: string): Promise<DockerEngine> {
    await mkdir(data, { recursive: true })
    await removeLeftovers()
    // A socket's path has at most 107 octets.
    const folder = await mkdtemp(join(tmpdir(), `bl-docker-${process.pid}-`))
    const argv = [
      // Not `ip netns exec`: its fresh /sys hides the cgroups.
      namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`],
      ['setpriv', '--pdeathsig', 'TERM', 'dockerd', '--host', `unix://${folder}/socket`],
      ['--data-root', data, '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      namespace === undefined ? ['--bridge', 'none', '--iptables=false', '--ip6tables=false'] : [],
    ].flat()
    // A file, not a pipe to us: it has to live until it has ended what runs in it.
    const log = await open(join(folder, 'log'), 'w')
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', log.fd, log.fd] })
    await log.close()
    const engine = new DockerEngine(folder, child)
    try {
      await engine.#becomeReady()
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
    return engine
  }

  /** What a client needs to find this engine, and nothing of the user's own settings. */
  get environment(): Readonly<Record<string, string>> {
    return {
      DOCKER_HOST: `unix://${this.#folder}/socket`,
      DOCKER_CONFIG: join(this.#folder, 'client'),
      DOCKER_BUILDKIT: '0', // Debian 12 has only the classic builder
    }
  }

  /** `docker ARGS`, as a command that runs anywhere. */
  command(...args: readonly string[]): string[] {
    return [client, '--host', `unix://${this.#folder}/socket`, ...args]
  }

  /** Runs `docker ARGS` and answers what it printed; rejects with its own words. */
  run(...args: readonly string[]): Promise<string> {
    return this.#run(client, args)
  }

  /** Runs `docker compose` with the project's file, another one on top of it, and variables. */
  compose(
    { override, variables }: { override: string; variables: Readonly<Record<string, string>> },
    ...args: readonly string[]
  ): Promise<string> {
    const files = ['--file', 'docker/compose.yaml', '--file', override]
    return this.#run('docker-compose', [...files, ...args], variables)
  }

  async #run(
    program: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const env = { ...process.env, ...this.environment, ...variables }
    const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 64 << 20 })
    return stdout.trim()
  }

  async #becomeReady(): Promise<void> {
    for (const deadline = Date.now() + patience; ; await delay(100)) {
      const problem = await this.run('version').then(
        () => undefined,
        (error: unknown) => String(error),
      )
      if (problem === undefined) return
      if (this.#child.exitCode === null && Date.now() < deadline) continue
      const log = await readFile(join(this.#folder, 'log'), 'utf8').catch(() => '')
      throw new Error(`dockerd does not start: ${problem}\n${log.slice(-2000)}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const containers = await this.run('ps', '--all', '--quiet').catch(() => '')
    const names = containers.split('\n').filter(Boolean)
    if (names.length > 0) await this.run('rm', '--force', '--volumes', ...names).catch(() => '')
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGTERM') // it ends its containerd, too
      await Promise.race([ended, delay(patience, undefined, { ref: false })])
    }
    await removeFolder(this.#folder)
  }
}

/** Of test runs that were killed; the engine itself has ended with its parent. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = /^bl-docker-(\d+)-/.exec(name)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    await removeFolder(join(tmpdir(), name))
  }
}

/** The engine leaves the host's network namespace mounted in there. */
async function removeFolder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  for (const path of mounts.split('\n').map((line) => line.split(' ')[1] ?? '')) {
    if (path.startsWith(`${folder}/`)) await promisify(execFile)('umount', [path])
  }
  await rm(folder, { recursive: true, force: true })
}
