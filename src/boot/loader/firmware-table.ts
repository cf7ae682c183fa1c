/**
 * What each program that asks us was seen to send: firmware, loaders, systems. Facts, printed in
 * docs/firmware.md and held against captured packets by a test; what is odd about them, and what is
 * done about it, is firmware-quirks.ts.
 */

export interface BootClient {
  readonly name: string
  /** Which of it was seen. */
  readonly seen: string
  readonly dhcp?: {
    /** Option 60, or how it begins; undefined when it sends none. */
    readonly vendorClass?: string
    /** Option 55, in its order. */
    readonly wants: readonly number[]
    /** Option 57. */
    readonly largest?: number
    readonly rhythm: string
  }
  /** The options of its TFTP read requests. */
  readonly tftp?: readonly string[]
  readonly http?: string
}

const pxe = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67,
  97, 128, 129, 130, 131, 132, 133, 134, 135,
] // prettier-ignore

const ipxe2019 = [
  1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203,
] // prettier-ignore

export const bootClients: readonly BootClient[] = [
  {
    name: 'EDK2',
    seen: 'PXE of OVMF 2022.11 (x64, IA32) and AAVMF (ARM64)',
    dhcp: {
      vendorClass: 'PXEClient:Arch:',
      wants: pxe,
      largest: 1472,
      rhythm: 'takes offers for 3.8 s; repeats after 4, 12 and 28 s, gives up after 60 s',
    },
    tftp: ['tsize=0 blksize=1468 windowsize=4', 'blksize=1468 windowsize=4'],
  },
  {
    name: 'EDK2 HTTP boot',
    seen: 'OVMF 2022.11 (x64)',
    dhcp: {
      vendorClass: 'HTTPClient:Arch:00016:UNDI:003000',
      // 235 is one octet of uninitialised memory, where 66 should stand.
      wants: [...pxe.slice(0, 24), 235, 67, 97],
      largest: 1472,
      rhythm: 'as EDK2; tried about 60 s after PXE has failed over IPv4 and IPv6',
    },
    http: 'HTTP/1.1, `UefiHttpBoot/1.0`; HEAD, then GET',
  },
  {
    name: 'Intel Boot Agent',
    seen: '2.1 (BIOS), a public capture',
    dhcp: {
      vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
      wants: [...pxe.slice(0, 6), 11, 12, 13, 15, 16, ...pxe.slice(9, 26), ...pxe.slice(27)],
      largest: 1260,
      rhythm: 'padded to 548 octets; a placeholder GUID that unrelated boards share',
    },
    tftp: ['tsize=0', 'blksize=1456'],
  },
  {
    name: 'iPXE',
    seen: '1.0 of 2019 (BIOS ROM, EFI)',
    dhcp: {
      vendorClass: 'PXEClient:Arch:',
      wants: ipxe2019,
      largest: 1472,
      rhythm: 'repeats after 1 s, takes an offer after 3.1 s; waits 13 s for an IPv6 router',
    },
    tftp: ['blksize=1432 tsize=0'],
    http: 'HTTP/1.1, `iPXE/…`, keeps its connection',
  },
  {
    name: 'iPXE of 2025',
    seen: '1.21.1 (BIOS ROM, undionly, snponly, ipxe.efi; x64, ARM64)',
    dhcp: {
      vendorClass: 'PXEClient',
      wants: [...ipxe2019.slice(0, 8), 42, ...ipxe2019.slice(8)],
      largest: 1472,
      rhythm: 'as before; EFI builds ask for autoexec.ipxe first, and wait 1 to 4 s for a router',
    },
    tftp: ['blksize=1432 tsize=0'],
    http: 'HTTP/1.1, `iPXE/…`, keeps its connection',
  },
  {
    name: 'PXELINUX',
    seen: '6.04: pxelinux.0, lpxelinux.0, syslinux.efi',
    tftp: ['tsize=0 blksize=1408'],
    http: 'lpxelinux: HTTP/1.0, `Syslinux/6.04`, a cookie of 400 octets',
  },
  {
    name: 'syslinux.efi',
    seen: '6.04 (x64), its own DHCP',
    dhcp: { wants: [1, 3, 6], largest: 65280, rhythm: 'takes an offer after 4 to 6 s' },
  },
  {
    name: 'shim',
    seen: '16.1 (x64, ARM64)',
    tftp: ['blksize=512 windowsize=4'],
    http: 'through the firmware, after UEFI HTTP boot: GET with a doubled slash',
  },
  {
    name: 'GRUB',
    seen: '2.12 (x64, IA32, ARM64)',
    tftp: ['blksize=1024 tsize=0'],
    http: 'its own, HTTP/1.1, window of 8 kB; through the firmware after UEFI HTTP boot: HEAD, GET',
  },
  {
    name: 'udhcpc',
    seen: 'busybox 1.35 to 1.37: TinyVM, Debian’s installer',
    dhcp: {
      vendorClass: 'udhcp ',
      wants: [1, 3, 6, 12, 15, 28, 42],
      largest: 576,
      rhythm: 'repeats after 3 s',
    },
  },
]

export interface CardRow {
  readonly card: string
  readonly bios: string
  readonly uefi: string
}

/** QEMU 7.2’s models of network cards, with the iPXE ROM of Debian 13 in each. */
export const cards: readonly CardRow[] = [
  {
    card: 'virtio-net-pci',
    bios: 'fastest; the ROM wants a modern card (`disable-legacy=on`)',
    uefi: 'OVMF has a driver of its own, and so do IA32 and ARM64 firmware',
  },
  {
    card: 'vmxnet3',
    bios: 'stops receiving in the middle of a large file over HTTP through the ROM; TFTP works',
    uefi: 'x64 only, through the card’s ROM: an iPXE does the PXE then',
  },
  { card: 'e1000', bios: 'an address takes 3 to 4 s longer', uefi: 'as vmxnet3' },
  { card: 'e1000e', bios: 'as e1000', uefi: 'as vmxnet3' },
  {
    card: 'rtl8139',
    bios: 'lpxelinux gets no large file over HTTP; pxelinux, and iPXE’s own driver, do',
    uefi: 'as vmxnet3',
  },
]
