/** The host as menus and DHCP are to see it: what the configuration says, and what has become of it. */
import type { Host } from '../host.ts'
import type { InstallRecord } from './install-state.ts'
import type { NextBoot } from './next-boot.ts'

/** `record` only where the host installs itself at all; a choice of the user's goes before it. */
export function effectiveHost(
  host: Host,
  record: InstallRecord | undefined,
  choice: NextBoot | undefined,
): Host {
  if (choice !== undefined) return { ...host, boot: choice.entry }
  switch (record?.state) {
    case undefined:
      return host
    case 'armed':
    case 'booting':
    case 'installing':
      return { ...host, answers: `/ks/${record.token}` }
    case 'installed':
    case 'disk':
    case 'stopped':
      return { ...host, boot: 'disk' }
  }
}
