/**
 * A look at every host's installation when Bootlace starts: what was stopped, whose answers are
 * wrong, and what a person should know before machines start. Installs nothing.
 */
import type { Emit } from '../core/events.ts'
import type { Host } from '../boot/host.ts'
import type { Installs } from '../server/boot/installs.ts'

export interface InstallCheckOptions {
  readonly installs: Installs
  /** As the configuration has them. */
  readonly hosts: () => Iterable<Host>
  /** What is wrong with its answers. */
  readonly prove: (host: Host, token: string) => Promise<string | undefined>
  /** Whether what it is to boot installs it, as far as anybody knows. */
  readonly isInstaller: (host: Host) => boolean
  /** The folder in which what is known of hosts lies. */
  readonly data: string
  readonly emit: Emit
}

export async function checkInstalls(options: InstallCheckOptions): Promise<void> {
  const { installs, hosts, isInstaller, data, emit } = options
  const unknown: string[] = []
  for (const host of hosts()) {
    if (installs.takeBack(host, isInstaller(host))) continue
    const isReady = await checkHost(host, options)
    if (isReady && !installs.isKnown(host)) unknown.push(host.name)
  }
  if (unknown.length > 0) emit({ type: 'service.hint', reason: unknownWords(unknown, data) })
}

/** Whether it installs itself at its next start. */
async function checkHost(
  host: Host,
  { installs, prove, emit }: InstallCheckOptions,
): Promise<boolean> {
  const { mac, boot: entry } = host
  const record = installs.recordOf(host)
  if (record?.state === 'stopped') {
    emit({ type: 'install.stopped', mac, entry, reason: record.reason })
  }
  if (record?.state !== 'armed') return false
  const reason = await prove(host, record.token)
  if (reason !== undefined) emit({ type: 'install.refused', mac, entry, reason })
  return reason === undefined
}

/** New hosts look the same as those whose data folder was lost. */
function unknownWords(names: readonly string[], data: string): string {
  const [what, them] =
    names.length === 1 ? ['installs itself', 'it'] : ['install themselves', 'them']
  const start = names.length === 1 ? 'its' : 'their'
  return `${names.join(', ')} ${what} at ${start} next start: nothing is known of ${them} in ${data}`
}
