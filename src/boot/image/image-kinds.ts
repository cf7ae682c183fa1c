/**
 * What an image is, by what lies in it: an ordered table, specific kinds before general ones. Says
 * what was recognised and where its kernel lies; how it is booted over the network is not decided
 * here. To recognise another system, add a row.
 *
 * Rows that were confirmed only from documentation, never with an image, say so.
 */
export interface ImageKind {
  /** Stable word for programs: `photon`. */
  readonly id: string
  readonly title: string
  /** Paths that must all be there; of an inner list one. Upper and lower case count as the same. */
  readonly markers: readonly (string | readonly string[])[]
  /** What the volume's label, or its publisher, must look like. */
  readonly label?: RegExp | undefined
  readonly publisher?: RegExp | undefined
  /** Where the version stands: the first group of the expression, there or in the label. */
  readonly version?:
    | readonly {
        readonly file?: string
        /** Instead of a file's text the names in that folder, one in a line. */
        readonly folder?: string
        readonly pattern: RegExp
      }[]
    | undefined
  /** Kernel and initrds; none where a loader of its own is started. */
  readonly kernel?: string | undefined
  readonly initrd?: readonly string[] | undefined
}

export const imageKinds: readonly ImageKind[] = [
  {
    id: 'vic',
    title: 'vSphere Integrated Containers',
    markers: ['boot/vmlinuz64', 'boot/core.gz'],
    publisher: /^VMware Inc\./i,
    kernel: 'boot/vmlinuz64',
    initrd: ['boot/core.gz'],
  },
  {
    id: 'photon',
    title: 'Photon OS',
    markers: ['PHOTON_VMWARE_CD'],
    version: ['RPMS/noarch', 'RPMS/x86_64'].map((folder) => ({
      folder,
      pattern: /^photon-release-([\d.]+)-/m,
    })),
    kernel: 'isolinux/vmlinuz',
    initrd: ['isolinux/initrd.img'],
  },
  {
    id: 'esxi',
    title: 'VMware ESXi',
    markers: [['b.b00', 'tboot.b00'], 'boot.cfg', 'efi/boot/bootx64.efi'],
    version: [
      { file: 'boot.cfg', pattern: /^build=(\d+(?:\.\d+)*)/m },
      { file: 'boot.cfg', pattern: /^title=.*?(\d+\.\d+[\d.]*(?:-\S+)?)/m },
    ],
  },
  {
    id: 'proxmox',
    title: 'Proxmox',
    markers: ['.cd-info', 'boot/linux26', 'boot/initrd.img'],
    version: [{ file: '.cd-info', pattern: /RELEASE='?"?([\d.]+)/ }],
    kernel: 'boot/linux26',
    initrd: ['boot/initrd.img'],
  },
  {
    id: 'coreos',
    title: 'Fedora CoreOS',
    markers: ['images/pxeboot/rootfs.img', 'images/ignition.img'],
    version: [{ pattern: /fedora-coreos-([\d.]+)/i }],
    kernel: 'images/pxeboot/vmlinuz',
    initrd: ['images/pxeboot/initrd.img'],
  },
  {
    id: 'redhat',
    title: 'Red Hat family',
    markers: [['.treeinfo', '.discinfo'], 'images/pxeboot/vmlinuz'],
    version: [{ file: '.treeinfo', pattern: /^version\s*=\s*(\S+)/m }],
    kernel: 'images/pxeboot/vmlinuz',
    initrd: ['images/pxeboot/initrd.img'],
  },
  {
    id: 'ubuntu',
    title: 'Ubuntu',
    markers: ['casper/vmlinuz', '.disk/info'],
    version: [{ file: '.disk/info', pattern: /^\S+\s+([\d.]+)/ }],
    kernel: 'casper/vmlinuz',
    initrd: ['casper/initrd'],
  },
  {
    id: 'debian-installer',
    title: 'Debian installer',
    markers: [
      ['debian', 'ubuntu'].flatMap((name) =>
        ['amd64', 'arm64', 'i386'].map((arch) => `${name}-installer/${arch}/linux`),
      ),
    ],
    version: [{ file: 'version.info', pattern: /^Debian version:\s+(\S+)/m }],
  },
  {
    id: 'debian',
    title: 'Debian',
    markers: ['.disk/info', 'dists', ['install.amd/vmlinuz', 'install.a64/vmlinuz']],
    version: [{ file: '.disk/info', pattern: /^Debian GNU\/Linux ([\d.]+)/ }],
  },
  {
    id: 'alpine',
    title: 'Alpine Linux',
    markers: [
      ['apks/.boot_repository', '.alpine-release'], // by documentation
      ['boot/vmlinuz-lts', 'boot/vmlinuz-virt'],
    ],
    version: [{ file: '.alpine-release', pattern: /([\d.]+)/ }],
    kernel: 'boot/vmlinuz-lts',
    initrd: ['boot/initramfs-lts'],
  },
  {
    id: 'systemrescue',
    title: 'SystemRescue',
    markers: ['sysresccd/boot/x86_64/vmlinuz'],
    version: [{ file: 'sysresccd/VERSION', pattern: /([\d.]+)/ }], // by documentation
    kernel: 'sysresccd/boot/x86_64/vmlinuz',
    initrd: ['sysresccd/boot/x86_64/sysresccd.img'],
  },
  {
    id: 'arch',
    title: 'Arch Linux',
    markers: ['arch/boot/x86_64/vmlinuz-linux'],
    version: [{ file: 'arch/version', pattern: /([\d.]+)/ }, { pattern: /ARCH_(\d+)/ }], // the file by documentation
    kernel: 'arch/boot/x86_64/vmlinuz-linux',
    initrd: ['arch/boot/x86_64/initramfs-linux.img'],
  },
  {
    id: 'agama',
    title: 'openSUSE Leap or SLES (Agama)',
    markers: ['boot/x86_64/loader/linux', 'LiveOS/squashfs.img'],
    kernel: 'boot/x86_64/loader/linux',
    initrd: ['boot/x86_64/loader/initrd'],
  },
  {
    id: 'suse',
    title: 'openSUSE or SLES',
    markers: ['boot/x86_64/loader/linux'],
    kernel: 'boot/x86_64/loader/linux',
    initrd: ['boot/x86_64/loader/initrd'],
  },
  {
    id: 'live',
    title: 'Debian live',
    markers: [['live/vmlinuz', 'live/vmlinuz1'], 'live/filesystem.squashfs'],
    version: [
      { file: 'GParted-Live-Version', pattern: /(\S+)\s*$/ }, // both by documentation
      { file: 'Clonezilla-Live-Version', pattern: /(\S+)\s*$/ },
    ],
    kernel: 'live/vmlinuz',
    initrd: ['live/initrd.img'],
  },
  {
    id: 'talos',
    title: 'Talos Linux',
    markers: ['boot/vmlinuz', 'boot/initramfs.xz'],
    label: /^TALOS_/,
    version: [{ pattern: /^TALOS_(\w+)/ }],
    kernel: 'boot/vmlinuz',
    initrd: ['boot/initramfs.xz'],
  },
  {
    id: 'flatcar',
    title: 'Flatcar',
    markers: ['flatcar/vmlinuz', 'flatcar/cpio.gz'],
    kernel: 'flatcar/vmlinuz',
    initrd: ['flatcar/cpio.gz'],
  },
  {
    id: 'kairos',
    title: 'Kairos',
    markers: ['boot/kernel', 'boot/initrd', 'rootfs.squashfs'],
    kernel: 'boot/kernel',
    initrd: ['boot/initrd'],
  },
  {
    id: 'windows',
    title: 'Windows',
    markers: ['sources/boot.wim', ['bootmgr', 'bootmgr.efi']],
  },
  {
    id: 'xcp-ng',
    title: 'XCP-ng or XenServer',
    markers: [['packages.xenserver', 'packages.main'], 'boot/xen.gz'],
    version: [{ file: 'XS-REPOSITORY', pattern: /version="([^"]+)"/ }],
  },
  {
    id: 'tinycore',
    title: 'Tiny Core Linux',
    markers: [['boot/core.gz', 'boot/corepure64.gz', 'tce/boot/core.gz', 'tce/boot/corepure64.gz']],
  },
  {
    id: 'memtest',
    title: 'memtest86+',
    markers: [['boot/memtest', 'boot/memtest64', 'boot/mt86plus']],
  },
]

/** Names with a dot that discs have and installers ask for; others are nobody's business. */
export const discNames: ReadonlySet<string> = new Set([
  '.alpine-release',
  '.boot_repository',
  '.cd-info',
  '.discinfo',
  '.disk',
  '.treeinfo',
])
