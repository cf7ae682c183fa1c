/** Kernel, initrds and arguments of each system, word for word; what a user must know beside them. */
import { expect, test } from 'vitest'
import type { ImageFacts } from '../../../src/boot/system/system.ts'
import { entrySuffixes, systemOf } from '../../../src/boot/system/systems.ts'

const gibibyte = 2 ** 30

function factsOf(id: string, known: Partial<ImageFacts> = {}, files: readonly string[] = []) {
  const has = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`))
  const base = { id, version: undefined, label: '', name: 'it', isDisc: true, discSize: gibibyte }
  return { ...base, has, ...known }
}

interface Row {
  readonly id: string
  readonly files?: readonly string[]
  readonly known?: Partial<ImageFacts>
  /** Suffix, kernel, initrds, arguments, arguments to install; `=` stands for the arguments before. */
  readonly boots: readonly (readonly string[])[]
}

const rows: readonly Row[] = [
  {
    id: 'redhat',
    boots: [
      [
        '',
        'images/pxeboot/vmlinuz',
        'images/pxeboot/initrd.img',
        'inst.repo=${image} ip=dhcp ${bootif}',
        '= inst.ks=${answers}/ks.cfg',
      ],
      [
        'rescue',
        'images/pxeboot/vmlinuz',
        'images/pxeboot/initrd.img',
        'inst.repo=${image} ip=dhcp ${bootif} inst.rescue',
      ],
    ],
  },
  {
    id: 'ubuntu',
    known: { version: '24.04' },
    boots: [
      [
        '',
        'casper/vmlinuz',
        'casper/initrd',
        'ip=dhcp ${bootif} url=${image}/disc.iso cloud-config-url=/dev/null',
        '= autoinstall ds=nocloud-net;s=${answers}/',
      ],
    ],
  },
  {
    id: 'ubuntu',
    known: { version: '20.04.6' },
    files: ['casper/hwe-vmlinuz'],
    boots: [
      [
        '',
        'casper/vmlinuz',
        'casper/initrd',
        'root=/dev/ram0 ramdisk_size=3500000 ip=dhcp ${bootif} url=${image}/disc.iso cloud-config-url=/dev/null',
        '= autoinstall ds=nocloud-net;s=${answers}/',
      ],
      [
        'hwe',
        'casper/hwe-vmlinuz',
        'casper/hwe-initrd',
        'root=/dev/ram0 ramdisk_size=3500000 ip=dhcp ${bootif} url=${image}/disc.iso cloud-config-url=/dev/null',
        '= autoinstall ds=nocloud-net;s=${answers}/',
      ],
    ],
  },
  { id: 'ubuntu', known: { isDisc: false, discSize: undefined }, boots: [] },
  {
    id: 'alpine',
    files: ['boot/vmlinuz-virt', 'apks/x86_64/APKINDEX.tar.gz'],
    boots: [
      [
        '',
        'boot/vmlinuz-virt',
        'boot/initramfs-virt',
        'ip=dhcp ${bootif} alpine_repo=${image}/apks modloop=${image}/boot/modloop-virt modules=loop,squashfs',
        '= apkovl=${answers}/alpine.apkovl.tar.gz',
      ],
    ],
  },
  { id: 'alpine', boots: [] },
  {
    id: 'coreos',
    boots: [
      [
        '',
        'images/pxeboot/vmlinuz',
        'images/pxeboot/initrd.img',
        'coreos.live.rootfs_url=${image}/images/pxeboot/rootfs.img ignition.firstboot ignition.platform.id=metal',
        '= ignition.config.url=${answers}/live.ign',
      ],
    ],
  },
  {
    id: 'flatcar',
    boots: [
      [
        '',
        'flatcar/vmlinuz',
        'flatcar/cpio.gz',
        'flatcar.first_boot=1',
        '= ignition.config.url=${answers}/live.ign',
      ],
    ],
  },
  {
    id: 'talos',
    boots: [
      [
        '',
        'boot/vmlinuz',
        'boot/initramfs.xz',
        'talos.platform=metal slab_nomerge pti=on init_on_alloc=1 init_on_free=1 printk.devkmsg=on',
        '= talos.config=${answers}/config.yaml',
      ],
    ],
  },
  {
    id: 'kairos',
    boots: [
      [
        '',
        'boot/kernel',
        'boot/initrd',
        'root=live:${image}/rootfs.squashfs rd.neednet=1 ip=dhcp ${bootif} rd.cos.disable netboot install-mode',
        '= config_url=${answers}/config.yaml',
      ],
    ],
  },
  {
    id: 'proxmox',
    boots: [
      [
        '',
        'boot/linux26',
        'boot/initrd.img,proxmox.cpio',
        'ramdisk_size=16777216 rw quiet splash=silent',
      ],
    ],
  },
  { id: 'proxmox', known: { discSize: 5 * gibibyte }, boots: [] },
  {
    id: 'suse',
    boots: [
      [
        '',
        'boot/x86_64/loader/linux',
        'boot/x86_64/loader/initrd',
        'install=${image} netsetup=dhcp',
        '= autoyast=${answers}/autoinst.xml',
      ],
      [
        'rescue',
        'boot/x86_64/loader/linux',
        'boot/x86_64/loader/initrd',
        'install=${image} netsetup=dhcp rescue=1',
      ],
    ],
  },
  {
    id: 'agama',
    boots: [
      [
        '',
        'boot/x86_64/loader/linux',
        'boot/x86_64/loader/initrd',
        'root=live:${image}/LiveOS/squashfs.img',
        '= inst.auto=${answers}/profile.json',
      ],
    ],
  },
  {
    id: 'arch',
    files: ['arch/boot/amd-ucode.img'],
    boots: [
      [
        '',
        'arch/boot/x86_64/vmlinuz-linux',
        'arch/boot/amd-ucode.img,arch/boot/x86_64/initramfs-linux.img',
        'archisobasedir=arch archiso_http_srv=${image}/ ip=dhcp ${bootif} checksum=y',
        '= script=${answers}/install.sh',
      ],
    ],
  },
  {
    id: 'systemrescue',
    files: ['sysresccd/boot/intel_ucode.img', 'sysresccd/boot/amd_ucode.img'],
    boots: [
      [
        '',
        'sysresccd/boot/x86_64/vmlinuz',
        'sysresccd/boot/intel_ucode.img,sysresccd/boot/amd_ucode.img,sysresccd/boot/x86_64/sysresccd.img',
        'archisobasedir=sysresccd archiso_http_srv=${image}/ ip=dhcp ${bootif} checksum',
        '= sysrescuecfg=${answers}/sysrescue.yaml',
      ],
    ],
  },
  {
    id: 'live',
    files: ['live/vmlinuz', 'live/initrd.img', 'GParted-Live-Version'],
    boots: [
      [
        '',
        'live/vmlinuz',
        'live/initrd.img',
        'boot=live fetch=${image}/live/filesystem.squashfs union=overlay username=user config components noswap',
      ],
    ],
  },
  {
    id: 'live',
    files: ['live/vmlinuz', 'live/initrd.img', 'Clonezilla-Live-Version'],
    boots: [
      [
        '',
        'live/vmlinuz',
        'live/initrd.img',
        'boot=live fetch=${image}/live/filesystem.squashfs union=overlay username=user config components noswap ocs_live_run="ocs-live-general" ocs_live_batch=no net.ifnames=0',
      ],
    ],
  },
  {
    id: 'live',
    boots: [
      [
        '',
        'live/vmlinuz1',
        'live/initrd1',
        'boot=live fetch=${image}/live/filesystem.squashfs components',
      ],
    ],
  },
  {
    id: 'vic',
    known: {
      own: {
        title: '',
        kernel: 'boot/vmlinuz64',
        initrd: [],
        args: 'rdinit=/lib/systemd/systemd loglevel=3',
        isDefault: true,
      },
    },
    boots: [['', 'boot/vmlinuz64', 'boot/core.gz', 'rdinit=/lib/systemd/systemd loglevel=3']],
  },
  { id: 'xcp-ng', boots: [] },
  {
    id: 'memtest',
    files: ['boot/memtest', 'boot/memtest64'],
    boots: [['', 'boot/memtest64', '', 'console=ttyS0,115200']],
  },
  { id: 'windows', files: ['bootmgr'], boots: [['', '', 'windows.cpio', '']] },
]

function aboutRow({ id, known, files }: Row) {
  const system = systemOf(id)
  const facts = factsOf(id, known, files)
  return { boots: system?.boots(facts), says: system?.says?.(facts), files: system?.answers?.files }
}

test.for(rows)('$id with $files', ({ id, known, files, boots }) => {
  const found = systemOf(id)?.boots(factsOf(id, known, files)) ?? []
  expect(
    found.map(({ suffix, kernel, initrd, args, install }) => [
      suffix,
      kernel,
      initrd.join(','),
      args,
      ...(install === undefined ? [] : [install.replace(args, '=')]),
    ]),
  ).toEqual(boots)
})

test.for(rows)('$id with $files: what it says, and what it asks for below its answers', (row) => {
  const { boots = [], says, files = [] } = aboutRow(row)
  // No entry is without a word on why.
  if (boots.length === 0) expect(says).not.toEqual([])
  const asked = boots.flatMap(({ install = '' }) =>
    [...install.matchAll(/\$\{answers\}\/(\S*)/g)].map(([, name = '']) => name),
  )
  for (const name of asked) expect(['', ...files]).toContain(name)
  if (boots.length > 0) expect(asked.length > 0).toBe(files.length > 0)
})

function firstSaid(id: string): string | undefined {
  return aboutRow({ id, boots: [], known: { discSize: 2.6 * gibibyte } }).says?.[0]
}

test('names of entries are those that a host may be given', () => {
  const suffixes = rows.flatMap((row) => aboutRow(row).boots?.map(({ suffix }) => suffix) ?? [])
  expect(new Set(suffixes)).toEqual(new Set(['', ...entrySuffixes]))
})

test('the memory that a machine needs is told from the size of the ISO', () => {
  expect(firstSaid('ubuntu')).toBe('a machine takes the whole ISO into memory: give it 4 GiB')
  expect(firstSaid('proxmox')).toBe(
    'a machine takes the whole ISO into memory, twice for a while: give it 7 GiB',
  )
})
