/**
 * TinyVM started by QEMU itself (`-kernel`), without firmware's network boot: what the image does is
 * judged alone. The network is QEMU's own and goes nowhere: what it answers comes from this process.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { tinyvmEntry } from '../../src/boot/menu/builtin.ts'
import { places } from '../../src/setup/places.ts'

export interface TinyvmOptions {
  /** QEMU's name of the network card. */
  readonly card: string
  /** Port on 127.0.0.1 that the guest finds at 10.0.2.100:80; without it no server is named. */
  readonly reportTo?: number
  /** Port on 127.0.0.1 that leads to the guest's port 80. */
  readonly page?: number
}

export class TinyvmMachine implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<unknown>
  #console = ''

  constructor(options: TinyvmOptions) {
    this.#process = spawn('qemu-system-x86_64', qemuArguments(options))
    this.#ended = once(this.#process, 'close')
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (part) => {
        this.#console += stripVTControlCharacters(String(part))
      })
    }
  }

  /** What the serial console has shown. */
  get console(): string {
    return this.#console
  }

  /** Waits until the console shows it, after `from` characters; rejects with all that was shown. */
  async shows(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(50_000)
    for (;;) {
      const match = pattern.exec(this.#console.slice(from))
      if (match !== null) return match
      const more = once(this.#process.stdout, 'data', { signal: deadline })
      const event = await Promise.race([more, this.#ended.then(() => 'ended')]).catch(() => 'late')
      if (typeof event === 'string') throw new Error(`${event}, no ${pattern}:\n${this.#console}`)
    }
  }

  /** Types a line and waits for the pattern in what is shown from then on. */
  type(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    const from = this.#console.length
    this.#process.stdin.write(`${line}\n`)
    return this.shows(pattern, from)
  }

  /** Resolves with QEMU's exit code when the machine has switched itself off. */
  async off(): Promise<number | null> {
    await this.#ended
    return this.#process.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

function qemuArguments({ card, reportTo, page }: TinyvmOptions): string[] {
  const server = reportTo === undefined ? '' : 'http://10.0.2.100'
  const forwarded = [
    'user,id=net,restrict=on',
    page === undefined ? '' : `,hostfwd=tcp:127.0.0.1:${page}-:80`,
    reportTo === undefined
      ? ''
      : `,guestfwd=tcp:10.0.2.100:80-cmd:busybox nc 127.0.0.1 ${reportTo}`,
  ]
  return [
    ['-nodefaults', '-no-user-config', '-accel', 'tcg,thread=single', '-m', '192', '-smp', '1'],
    ['-display', 'none', '-no-reboot', '-vga', 'std', '-serial', 'stdio'],
    ['-kernel', join(places.tinyvm, 'vmlinuz'), '-initrd', join(places.tinyvm, 'initrd')],
    ['-append', tinyvmEntry.args.replace(/bootlace=\S+/, server && `bootlace=${server}`)],
    ['-netdev', forwarded.join('')],
    ['-device', `${card},netdev=net,mac=52:54:00:12:34:56`],
  ].flat()
}
