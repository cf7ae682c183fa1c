/**
 * Where firmware, loaders and network cards differ from their specifications or from each other,
 * what was seen, and what we do about it. What cannot work at all is `unfitness`, which decides;
 * the rest is printed in docs/firmware.md, so that each oddity in the code can be looked up by the
 * device that needs it.
 */
import type { Firmware } from './firmware.ts'
import type { NamedLoader } from './loader-files.ts'

export interface Quirk {
  readonly device: string
  /** What it does. */
  readonly does: string
  /** What we do about it, and where. */
  readonly answer: string
  readonly file: string
}

export const quirks: readonly Quirk[] = [
  {
    device: 'EDK2',
    does: 'fetches its boot file twice: asks for the size, breaks off with TFTP error 8, asks again',
    answer: 'a probe, no failure',
    file: 'protocol/tftp/transfer.ts',
  },
  {
    device: 'EDK2',
    does: 'goes on to port 4011 when it sees PXEClient without option 43',
    answer: '43.6 = 8 in full mode; in proxy mode no 43, and port 4011 answers',
    file: 'protocol/dhcp/boot-options.ts',
  },
  {
    device: 'EDK2',
    does: 'writes a NUL behind the values of options 66 and 67, over whatever follows',
    answer: 'they end with a NUL of ours',
    file: 'wire/dhcp/option-kinds.ts',
  },
  {
    device: 'EDK2',
    does: 'claims messages of 65280 octets in its REQUEST',
    answer: 'option 57 is held between 576 and 1472',
    file: 'wire/dhcp/dhcp-message.ts',
  },
  {
    device: 'EDK2',
    does: 'says nothing when it refuses a loader (Secure Boot: Access Denied on the screen only)',
    answer: 'silence after a whole loader counts, and the machine gets the next one',
    file: 'boot/loader/loader-watch.ts',
  },
  {
    device: 'Debian’s EDK2 of 2022',
    does: 'asks DHCP with one octet of its list uninitialised (UEFI HTTP boot)',
    answer: 'what is wanted orders the answer, and decides nothing',
    file: 'wire/dhcp/dhcp-message.ts',
  },
  {
    device: 'x64 firmware from before 2010',
    does: 'states architecture 9: RFC 4578 printed 7 and 9 swapped',
    answer: '9 is x64',
    file: 'boot/loader/firmware.ts',
  },
  {
    device: 'PXE ROMs',
    does: 'collect offers for some seconds unless the offer holds PXEClient and 43.6 = 8',
    answer: 'it does',
    file: 'protocol/dhcp/boot-options.ts',
  },
  {
    device: 'iPXE',
    does: 'waits 3 s for a proxy unless the offer holds 175.176 = 1',
    answer: 'in full mode it does',
    file: 'protocol/dhcp/boot-options.ts',
  },
  {
    device: 'iPXE',
    does: 'keeps flags in `secs`, and sends its user class without the length of RFC 3004',
    answer: '`secs` is not read as seconds; both forms are known',
    file: 'boot/machine.ts',
  },
  {
    device: 'iPXE without HTTP',
    does: 'cannot take the menu’s URL (no feature 19 in option 175)',
    answer: 'gets an iPXE of ours first',
    file: 'boot/plan.ts',
  },
  {
    device: 'lpxelinux',
    does: 'fetches by HTTP only with a URL as path prefix',
    answer: 'option 210, with the magic of option 208 before it',
    file: 'boot/plan.ts',
  },
  {
    device: 'syslinux.efi',
    does: 'asks DHCP itself, without options 60, 93 and 97: it looks like a system',
    answer: 'a machine is its MAC address, and keeps the architecture that it stated before',
    file: 'boot/machine.ts',
  },
  {
    device: 'syslinux.efi',
    does: 'puts its own folder before every name, also of kernels',
    answer: 'everything is found below efi64/, too',
    file: 'server/boot/boot-tree.ts',
  },
  {
    device: 'shim',
    does: 'takes the folder of its GRUB from the header’s `file`, not from option 67',
    answer: 'the name stands in both',
    file: 'protocol/dhcp/boot-options.ts',
  },
  {
    device: 'shim 16.1',
    does: 'asks for revocations_sku.efi, revocations_sbat.efi and shim_certificate_0.efi first',
    answer: 'missing is normal; none of it is a sign that anything runs yet',
    file: 'boot/loader/loader-files.ts',
  },
  {
    device: 'shim, GRUB, syslinux.efi, ESXi’s loader',
    does: 'double slashes, leave the first out, use backslashes or another case',
    answer: 'one reading of a path',
    file: 'boot/tree-path.ts',
  },
  {
    device: 'GRUB 2.12',
    does: 'knows `Content-Length` only with these capitals; else a file is empty, a kernel refused',
    answer: 'written so',
    file: 'server/http/send-file.ts',
  },
  {
    device: 'GRUB 2.12',
    does: 'leaves the port out of its `Host` header',
    answer: 'its menu names the configured one',
    file: 'server/http/http-client.ts',
  },
  {
    device: 'Debian’s GRUB 2.12',
    does: 'reads a port behind a colon, `(http,HOST:8080)`, and not behind a comma as in its manual',
    answer: 'written so',
    file: 'boot/menu/grub-script.ts',
  },
  {
    device: 'GRUB 2.12',
    does: 'knows neither its address nor its server by name when it came by UEFI HTTP boot',
    answer: 'its menu goes by the address that asks, and its files by `$root`',
    file: 'boot/menu/menu-grub.ts',
  },
  {
    device: 'GRUB 2.06',
    does: 'asks the address server for its files beside a proxy, and has no HTTP under Secure Boot',
    answer: 'set-up fetches 2.12',
    file: 'setup/loaders.ts',
  },
  {
    device: 'busybox udhcpc',
    does: 'needs the lease time and does not ask for it',
    answer: 'options 53, 54 and 51 first, always',
    file: 'wire/dhcp/dhcp-message.ts',
  },
]

/** What cannot work although its name promises it; each was tried in the lab. */
interface Unfit {
  readonly loader: NamedLoader
  readonly firmware?: Firmware
  /** Only where the firmware fetches by HTTP. */
  readonly http?: true
  readonly reason: string
  readonly seen: string
}

export const unfit: readonly Unfit[] = [
  {
    loader: 'syslinux',
    http: true,
    reason: 'SYSLINUX fetches through the PXE of its firmware, which UEFI HTTP boot has not set up',
    seen: 'syslinux.efi 6.04 arrives, says "Failed to locate root device", and ends',
  },
  {
    loader: 'syslinux',
    firmware: 'uefi-ia32',
    reason: 'SYSLINUX crashes on UEFI of 32 bit',
    seen: 'syslinux.efi 6.04 of 32 bit fetches ldlinux.e32, asks for it elsewhere, and the machine resets',
  },
]

/** Why this loader cannot be given to this firmware; undefined when nothing speaks against it. */
export function unfitness(
  loader: NamedLoader | 'auto',
  { firmware, isHttp }: { readonly firmware: Firmware; readonly isHttp: boolean },
): string | undefined {
  return unfit.find(
    (row) =>
      row.loader === loader &&
      (row.firmware === undefined || row.firmware === firmware) &&
      (row.http !== true || isHttp),
  )?.reason
}
