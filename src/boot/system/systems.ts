/** The systems whose images are known, by the `id` of their kind. To teach another, add a row. */
import { alpine } from './alpine.ts'
import { kairos, memtest, proxmox, talos, vic, xcpNg } from './appliances.ts'
import { arch, systemrescue } from './archiso.ts'
import { debian, debianInstaller } from './debian.ts'
import { esxi } from './esxi.ts'
import { coreos, flatcar } from './ignition-systems.ts'
import { live } from './live.ts'
import { photon } from './photon.ts'
import { redHat } from './red-hat.ts'
import { agama, suse } from './suse.ts'
import type { System } from './system.ts'
import { ubuntu } from './ubuntu.ts'
import { windows } from './windows.ts'

/** Tiny Core is not here: it boots as its own loader does, with what is on its disk (tiny-core.ts). */
const rows: readonly System[] = [
  agama,
  alpine,
  arch,
  coreos,
  debian,
  debianInstaller,
  esxi,
  flatcar,
  kairos,
  live,
  memtest,
  photon,
  proxmox,
  redHat,
  suse,
  systemrescue,
  talos,
  ubuntu,
  vic,
  windows,
  xcpNg,
]

/** What entries of an image are called behind its name. */
export const entrySuffixes = ['hwe', 'rescue'] as const

/** Undefined where nothing is known of it but what it is. */
export function systemOf(kind: string | undefined): System | undefined {
  return rows.find(({ id }) => id === kind)
}
