/**
 * Fedora CoreOS and Flatcar: they run from memory, and Ignition sets them up. An installation is a
 * live system whose Ignition configuration, made by Bootlace, writes the disk, tells that it is done
 * and restarts; the user's own configuration is for what is then on the disk. (`coreos.inst.*` would
 * tell nobody.)
 *
 * Sources: coreos/fedora-coreos-docs, live-booting and bare-metal pages; flatcar/flatcar-docs, PXE.
 */
import type { System } from './system.ts'

const answers = { format: 'ignition', files: ['config.ign', 'live.ign'] } as const
const configured = 'ignition.config.url=${answers}/live.ign'

const liveRoot = 'images/pxeboot/rootfs.img'
const coreosArgs = `coreos.live.rootfs_url=\${image}/${liveRoot} ignition.firstboot ignition.platform.id=metal`

export const coreos: System = {
  id: 'coreos',
  answers,
  boots: () => [
    {
      suffix: '',
      title: '',
      kernel: 'images/pxeboot/vmlinuz',
      initrd: ['images/pxeboot/initrd.img'],
      args: coreosArgs,
      install: `${coreosArgs} ${configured}`,
    },
  ],
  says: () => ['a machine needs 2 GiB of memory'],
}

export const flatcar: System = {
  id: 'flatcar',
  answers,
  boots: () => [
    {
      suffix: '',
      title: '',
      kernel: 'flatcar/vmlinuz',
      initrd: ['flatcar/cpio.gz'],
      args: 'flatcar.first_boot=1',
      install: `flatcar.first_boot=1 ${configured}`,
    },
  ],
  says: () => [
    'a machine needs 3 GiB of memory',
    'flatcar-install fetches what it writes to the disk from the network of Flatcar',
  ],
}
