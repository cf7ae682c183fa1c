/** Local disks that show on the serial port that they were booted, for both kinds of firmware. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the disk says when the machine has started it. */
export const diskWords = 'LOCAL-DISK-STARTED'

/** Where the BIOS puts a boot sector. */
const origin = 0x7c00

/** A disk of 1 MiB whose boot sector writes its words to the first serial port and stops. */
export async function writeBiosDisk(file: string): Promise<string> {
  const code = [
    [0xfa, 0xfc], // cli; cld
    [0x31, 0xc0, 0x8e, 0xd8], // xor ax,ax; mov ds,ax
    [0xbe, 0, 0], // mov si,words
    [0xac, 0x84, 0xc0, 0x74, 0x06], // next: lodsb; test al,al; jz end
    [0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5], // mov dx,0x3f8; out dx,al; jmp next
    [0xf4, 0xeb, 0xfd], // end: hlt; jmp end
  ].flat()
  const disk = Buffer.alloc(1 << 20)
  disk.set(code)
  disk.writeUInt16LE(origin + code.length, 7)
  disk.write(`\r\n${diskWords}\r\n\0`, code.length, 'latin1')
  disk.writeUInt16LE(0xaa55, 510)
  await writeFile(file, disk)
  return file
}

/**
 * A folder that QEMU shows as a FAT disk: an EFI program where firmware looks for one, and what
 * it shall say. The program is an iPXE, which reads its script from beside itself.
 */
export async function writeUefiDisk(folder: string, ipxe: string): Promise<string> {
  const place = join(folder, 'EFI', 'BOOT')
  await mkdir(place, { recursive: true })
  await copyFile(ipxe, join(place, 'BOOTX64.EFI'))
  await writeFile(join(place, 'autoexec.ipxe'), `#!ipxe\necho ${diskWords}\nshell\n`)
  return `fat:${folder}`
}
