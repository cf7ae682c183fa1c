/** TinyVM for each processor: where its image and its parts are, which kernel and drivers it has. */
import type { Architecture } from '../apt.ts'
import { places } from '../places.ts'

export interface Edition {
  readonly architecture: Architecture
  /** Folder of the finished image. */
  readonly image: string
  /** Folder of what was taken out of packages: a changed script of ours needs no network. */
  readonly parts: string
  /** Debian's name for its newest kernel. */
  readonly kernel: string
  /** The kernel that was tested; others are used, and said. */
  readonly tested: string
  /** Hardware that it drives. What these need comes along; what is built in is left out. */
  readonly modules: readonly string[]
}

const ethernet = ['virtio_net', 'vmxnet3', 'e1000', 'e1000e', 'igb', 'igc', 'r8169']

/** Keyboards on USB, for the login on the screen. */
const keyboards = ['xhci_pci', 'ehci_pci', 'uhci_hcd', 'usbhid', 'hid_generic']

export const editions = {
  amd64: {
    architecture: 'amd64',
    image: places.tinyvm,
    parts: places.tinyvmParts,
    kernel: 'linux-image-amd64', // the cloud one lacks e1000 and rtl8139
    tested: '6.12.107-1',
    modules: [...ethernet, '8139cp', '8139too', 'pcnet32', ...keyboards],
  },
  arm64: {
    architecture: 'arm64',
    image: places.tinyvmArm64,
    parts: places.tinyvmArm64Parts,
    kernel: 'linux-image-arm64',
    tested: '6.12.107-1',
    modules: [...ethernet, 'virtio_mmio', ...keyboards],
  },
} as const satisfies Record<Architecture, Edition>
