/** What a lab needs to install Debian: the mirror's rules, and a machine with its preseed. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServiceEvent } from '../../src/core/events.ts'
import { debianOrigin } from './debian-origin.ts'

/** Of the hosts `debian-one` and `debian-two`. */
export const debianMacs = ['52:54:00:de:b1:a1', '52:54:00:de:b1:a2'] as const

/** What no console shows: the boot is ended from outside. */
export const never = /(?!)/

const sample = fileURLToPath(new URL('../../kickstarts/debian-minimal.preseed', import.meta.url))

/** As docs/systems/debian.md has it, with the lab's origin. */
export const debianMirror = {
  origin: debianOrigin,
  port: 5400,
  profile: 'debian-archive',
} as const

export interface DebianInstall {
  /** Folder of the network installer. */
  readonly netboot: string
  /** Path of the preseed. */
  readonly preseed: string
}

/** Sections of the configuration. */
export function debianConfig({ netboot, preseed }: DebianInstall): Record<string, unknown> {
  return {
    images: { debian: { source: netboot, args: 'console=ttyS0 DEBIAN_FRONTEND=text' } },
    mirrors: { debian: debianMirror },
    hosts: debianMacs.map((mac, index) => ({
      name: ['debian-one', 'debian-two'][index],
      mac,
      boot: 'debian',
      kickstart: preseed,
      vars: { kernel_options: 'console=ttyS0' },
    })),
  }
}

/** The sample, with lines that only the lab needs. */
export function labPreseed(...lines: readonly string[]): string {
  return `${readFileSync(sample, 'utf8')}\n${lines.join('\n')}\n`
}

/** Resolves when events of this kind have told all of these files. */
export function allTold(
  listen: (listener: (event: ServiceEvent) => void) => void,
  type: ServiceEvent['type'],
  files: readonly string[],
): Promise<void> {
  const missing = new Set(files)
  return new Promise((resolve) => {
    listen((event) => {
      if (event.type === type && missing.delete(event.file ?? '') && missing.size === 0) resolve()
    })
  })
}
