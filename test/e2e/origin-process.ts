/** The simulated Auto Deploy service in a namespace of its own, and its counters. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LabNetwork } from '../../src/lab/network.ts'
import { type LabChild, onLines, run, startIn, stop } from '../../src/lab/processes.ts'
import type { Payload } from '../support/origin-payloads.ts'
import type { PathCount } from '../support/origin.ts'

const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const program = fileURLToPath(new URL('../support/origin-program.ts', import.meta.url))

const address = '192.168.50.3'
const port = '6501'
const adminPort = '6599'

/** What the mirror's configuration says. */
export const originUrl = `https://${address}:${port}`

export interface OriginCounters {
  readonly paths: Readonly<Record<string, PathCount>>
  readonly payloads: readonly Payload[]
}

export class OriginProcess implements AsyncDisposable {
  readonly #namespace: string
  readonly #child: LabChild

  private constructor(namespace: string, child: LabChild) {
    this.#namespace = namespace
    this.#child = child
  }

  /** Writes its CA's certificate into `caFile`; machines wait at a prompt when they have all. */
  static async start(network: LabNetwork, caFile: string): Promise<OriginProcess> {
    const namespace = await network.attach('origin', `${address}/24`)
    const argv = [
      [node, program, '--address', address, '--port', port, '--admin-port', adminPort],
      ['--image', 'tiny', '--last-line', 'shell', '--ca-file', caFile],
    ].flat()
    const child = startIn(namespace, argv)
    const said: string[] = []
    onLines(child.stderr, (line) => said.push(line))
    const failed = once(child, 'exit').then(() => {
      throw new Error(`the origin ended: ${said.join('\n')}`)
    })
    await Promise.race([once(child.stdout, 'data'), failed])
    return new OriginProcess(namespace, child)
  }

  /** How often each path was asked for. */
  async counters(): Promise<OriginCounters> {
    return JSON.parse(await this.#ask('counters')) as OriginCounters
  }

  /** `sha256:…` of its certificate. */
  async fingerprint(): Promise<string> {
    return (await this.#ask('fingerprint')).trim()
  }

  async #ask(path: string): Promise<string> {
    const url = `http://${address}:${adminPort}/${path}`
    const script = `process.stdout.write(await (await fetch('${url}')).text())`
    const argv = [node, '--input-type=module', '--eval', script]
    return run('ip', 'netns', 'exec', this.#namespace, ...argv)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.#child)
  }
}
