/**
 * How a known system boots from the network: what was found in its image on one side, entries of the
 * menu on the other. One row for each kind of image; the rows are in `systems.ts`.
 */
import type { Firmware } from '../loader/firmware.ts'
import type { BootChoice } from '../image/boot-choice.ts'
import type { Installer } from '../kickstart/installers.ts'
import type { Arch } from '../menu/catalog.ts'

/** What is known of an image when its entries are made. */
export interface ImageFacts {
  /** Of `ImageKind`. */
  readonly id: string
  readonly version: string | undefined
  /** Of the disc; empty where it has none. */
  readonly label: string
  /** The image's name: its files are below `boot/NAME/`. */
  readonly name: string
  /** Whether there is such a file or folder, upper and lower case taken as the same. */
  readonly has: (path: string) => boolean
  /** An ISO, which can be handed out as one file. */
  readonly isDisc: boolean
  /** Its octets. */
  readonly discSize?: number | undefined
  /** What the image's own boot loader starts by default. */
  readonly own?: BootChoice | undefined
  /** Photon: the installer's version, found in its initrd. */
  readonly installer?: Installer | undefined
  /** Photon: URL of the packages, where they are not those of the image. */
  readonly repository?: string | undefined
}

/** Below a disc's folder: the disc itself, for systems that fetch the whole of it. */
export const wholeDisc = 'disc.iso'

/** Rounded up: what a machine must have for so many octets. */
export function gibibytes(octets: number): number {
  return Math.ceil(octets / 2 ** 30)
}

/** An initrd that is made of files of the image while it is sent. */
export interface PackedFiles {
  /** Its own path. */
  readonly path: string
  /** What is at which path in it: a file of the image, or `wholeDisc`. */
  readonly files: Readonly<Record<string, string>>
}

/** One entry of the menu. Paths are those inside the image. */
export interface SystemBoot {
  /** Empty for the main one, which has the image's name; else `NAME-SUFFIX`. */
  readonly suffix: string
  /** Behind the image's title, where there are several: `rescue system`. */
  readonly title: string
  readonly kernel: string
  readonly initrd: readonly string[]
  /** One of the initrds that the image does not have. */
  readonly archive?: PackedFiles | undefined
  /** The files of `archive` are for wimboot; there is no kernel. */
  readonly isWimboot?: boolean | undefined
  /** Kernel arguments, with the variables of `LinuxEntry`. */
  readonly args: string
  /** Instead of `args`, where the machine installs itself: it wipes a disk. */
  readonly install?: string | undefined
  /** By default as the kernel says. */
  readonly arch?: readonly Arch[] | undefined
  readonly firmware?: readonly Firmware[] | undefined
}

/** How the unattended file of an installer is written, and so how values are put into it. */
export type AnswerFormat =
  | 'photon'
  | 'esxi'
  | 'preseed'
  | 'anaconda'
  | 'autoyast'
  | 'agama'
  | 'cloud-init'
  | 'ignition'
  | 'talos'
  | 'alpine'
  | 'cloud-config'
  | 'sysrescue'
  | 'shell'

export interface System {
  /** Of `ImageKind`. */
  readonly id: string
  readonly answers?:
    | {
        readonly format: AnswerFormat
        /** What the installer asks for below its answers' URL; the first is the user's file. */
        readonly files: readonly string[]
      }
    | undefined
  /** None where it cannot boot from the network; `says` then says why. */
  boots(facts: ImageFacts): readonly SystemBoot[]
  /** What the user must know or do, in sentences. */
  says?(facts: ImageFacts): readonly string[]
}
