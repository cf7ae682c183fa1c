/** Where set-up puts things: folders of the project, found from this file, not from where it is run. */
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

function folder(name: string): string {
  return fileURLToPath(new URL(name, root))
}

export const places = {
  /** Boot loaders, served over TFTP and HTTP at the top of the tree. */
  loaders: folder('pxelinux'),
  /** The built-in image: `boot/tinyvm/` of the tree. */
  tinyvm: folder('images/tinyvm'),
  /** What goes into the image and is a plain file of ours. */
  tinyvmRoot: folder('src/setup/tinyvm/rootfs'),
  /** Kernel, programs and modules out of the packages: a changed script needs no network. */
  tinyvmParts: folder('.setup/tinyvm'),
  /** The same for ARM64: `boot/tinyvm-arm64/` of the tree. */
  tinyvmArm64: folder('images/tinyvm-arm64'),
  tinyvmArm64Parts: folder('.setup/tinyvm-arm64'),
  /** ROMs of QEMU's network cards, only for the lab. */
  roms: folder('.setup/roms'),
  /** Kernel and modules of a machine that the tests build, only for them. */
  standIn: folder('.setup/stand-in'),
  /** Debian's network installer, only for the tests. */
  debianInstaller: folder('.setup/debian-installer'),
  /** Programs that only the bench runs, a folder each. */
  peers: folder('.setup/peers'),
  /** All that set-up keeps for itself; safe to delete, nothing of it is in git. */
  private: folder('.setup'),
} as const
