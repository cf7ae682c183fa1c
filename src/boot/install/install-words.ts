/** A machine's installation in plain words, for the page and for commands. */
import { type InstallRecord, mostStarts } from './install-state.ts'

/** What else there is to say: whether one installation is enough, and why there can be none now. */
export interface InstallAside {
  readonly once: boolean
  /** What the host is configured to boot, which may be another entry than it has installed. */
  readonly boot: string
  readonly problem?: string | undefined
}

/** As the rest of a sentence about the host. */
export function installWords(
  { state, entry, host, starts, reason }: InstallRecord,
  { once, boot, problem }: InstallAside,
): string {
  const next = once ? 'boots from its disk' : `installs ${entry} again at its next start`
  switch (state) {
    case 'armed':
      return problem === undefined
        ? `armed: installs ${entry} at its next start`
        : `armed, but boots from its disk while its answers are wrong: ${problem}`
    case 'booting':
      return `was started to install ${entry} (${starts} of ${mostStarts} tries), no answers fetched yet`
    case 'installing':
      return `installs ${entry}: fetched its answers, and has not reported that it is done`
    case 'installed':
    case 'disk':
      return `installed ${entry}; ${next}`
    case 'stopped':
      return `boots from its disk: ${reason ?? 'it was stopped'}. To install ${boot}: bootlace host arm ${host}`
  }
}
