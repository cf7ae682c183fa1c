/**
 * Systems that are set up as a whole: Talos, Kairos, Proxmox, vSphere Integrated Containers, XCP-ng,
 * and the memory test.
 *
 * Sources: siderolabs/talos and kairos-io/kairos-docs, bare metal by PXE; proxmox/pve-installer, wiki
 * "Automated Installation"; memtest86plus, README; vmware/vic, isos/.
 */
import { type System, gibibytes, wholeDisc } from './system.ts'

const talosArgs =
  'talos.platform=metal slab_nomerge pti=on init_on_alloc=1 init_on_free=1 printk.devkmsg=on'

export const talos: System = {
  id: 'talos',
  answers: { format: 'talos', files: ['config.yaml'] },
  boots: () => [
    {
      suffix: '',
      title: '',
      kernel: 'boot/vmlinuz',
      initrd: ['boot/initramfs.xz'],
      args: talosArgs,
      install: `${talosArgs} talos.config=\${answers}/config.yaml`,
    },
  ],
  says: () => ['Talos tells nobody that it is installed: docs/systems/talos.md says what follows'],
}

const kairosArgs =
  'root=live:${image}/rootfs.squashfs rd.neednet=1 ip=dhcp ${bootif} rd.cos.disable netboot install-mode'

export const kairos: System = {
  id: 'kairos',
  answers: { format: 'cloud-config', files: ['config.yaml'] },
  boots: () => [
    {
      suffix: '',
      title: '',
      kernel: 'boot/kernel',
      initrd: ['boot/initrd'],
      args: kairosArgs,
      install: `${kairosArgs} config_url=\${answers}/config.yaml`,
    },
  ],
}

/** Octets of one file in an initrd (cpio, newc): its length has 32 bits. */
const largestPacked = 0xffff_ffff

/** Its initrd looks for the ISO at its root: so the ISO comes along as another initrd. */
export const proxmox: System = {
  id: 'proxmox',
  boots: ({ discSize }) =>
    discSize !== undefined && discSize <= largestPacked
      ? [
          {
            suffix: '',
            title: '',
            kernel: 'boot/linux26',
            initrd: ['boot/initrd.img', 'proxmox.cpio'],
            archive: { path: 'proxmox.cpio', files: { 'proxmox.iso': wholeDisc } },
            args: 'ramdisk_size=16777216 rw quiet splash=silent',
          },
        ]
      : [],
  says: ({ discSize }) => {
    if (discSize === undefined) {
      return ["Proxmox's installer needs its ISO whole: put the ISO itself into images/"]
    }
    return discSize > largestPacked
      ? ['its ISO is larger than what an initrd can hold, 4 GiB']
      : [
          `a machine takes the whole ISO into memory, twice for a while: give it ${2 * gibibytes(discSize) + 1} GiB`,
          "without being asked it installs only from an ISO that Proxmox's own tool has prepared: docs/systems/proxmox.md",
        ]
  },
}

/** Its arguments are those of the build: which program starts first, appliance or bootstrap. */
export const vic: System = {
  id: 'vic',
  boots: ({ own }) => [
    {
      suffix: '',
      title: '',
      kernel: 'boot/vmlinuz64',
      initrd: ['boot/core.gz'],
      args: own?.args ?? 'rdinit=/bin/init loglevel=3 console=tty0',
    },
  ],
}

export const xcpNg: System = {
  id: 'xcp-ng',
  boots: () => [],
  says: () => [
    'XCP-ng starts a hypervisor with its Linux as a module (multiboot), which no menu here can: its files are served, the rest is docs/systems/xcp-ng.md',
  ],
}

const memtests = ['boot/memtest64', 'boot/memtest', 'boot/mt86plus']

export const memtest: System = {
  id: 'memtest',
  boots: ({ has }) =>
    memtests
      .filter((path) => has(path))
      .slice(0, 1)
      .map((kernel) => ({
        suffix: '',
        title: '',
        kernel,
        initrd: [],
        args: 'console=ttyS0,115200',
      })),
}
