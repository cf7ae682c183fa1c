/**
 * Looks into the initrd of a Photon image for its installer, straight out of the image: unpacks as it
 * reads and stops at what it looks for. The initrd is gzip up to now; zstd and none are read, too,
 * xz is not.
 */
import { PassThrough, Readable, pipeline } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ProtocolError } from '../../core/errors.ts'
import type { Installer } from '../../boot/kickstart/installers.ts'
import { type InstallerTraces, installerIn } from '../../boot/system/photon-installer.ts'
import { type ByteSource, readExactly } from '../../wire/byte-source.ts'
import { type FolderNode, findFile } from '../../wire/disk/image-node.ts'
import { streamCpio } from '../../wire/linux/cpio-stream.ts'

const initrd = 'isolinux/initrd.img'

/** `/installer` up to 3.0, a Python package since. */
const installerFile = /(?:^|\/)(?:installer|photon_installer)\/([^/]+)$/

/** Entries looked at, at most. */
const mostEntries = 200_000
const pieceSize = 256 * 1024

/** What each way of packing begins with. */
const packings = [
  { magic: [0x1f, 0x8b], unpack: () => createGunzip() },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: () => createZstdDecompress() },
  { magic: [0x30, 0x37, 0x30, 0x37, 0x30, 0x31], unpack: () => new PassThrough() },
] as const

/** Undefined where it cannot be told; of several with the same keys that of the release. */
export async function findPhotonInstaller(
  root: FolderNode,
  release: Installer | undefined,
): Promise<Installer | undefined> {
  const file = await findFile(root, initrd)
  const traces = file === undefined ? undefined : await tracesIn(await file.open())
  return traces === undefined ? undefined : installerIn(traces, release)
}

/** Undefined where the initrd is packed in another way, or damaged. */
async function tracesIn(source: ByteSource): Promise<InstallerTraces | undefined> {
  const head = await readExactly(source, 0, Math.min(source.size, 6), initrd)
  const packing = packings.find(({ magic }) => magic.every((octet, at) => head[at] === octet))
  if (packing === undefined) return undefined
  const unpacked = packing.unpack()
  // What ends it early is told to who reads the last of the two.
  pipeline(Readable.from(piecesOf(source)), unpacked, () => undefined)
  try {
    return await tracesOf(unpacked)
  } catch (error) {
    if (error instanceof ProtocolError || isDamage(error)) return undefined
    throw error
  } finally {
    unpacked.destroy()
  }
}

function isDamage(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_ZSTD)/.test(String(error.code))
  )
}

async function tracesOf(pieces: AsyncIterable<Uint8Array>): Promise<InstallerTraces> {
  const names = new Set<string>()
  let source: string | undefined
  let entries = 0
  for await (const { path, octets } of streamCpio(pieces, isSource)) {
    if (++entries > mostEntries) break
    const name = installerFile.exec(path)?.[1]
    if (name !== undefined) names.add(name)
    if (octets === undefined) continue
    source = new TextDecoder().decode(octets)
    if (source.includes('known_keys')) break
  }
  return { source, names }
}

function isSource(path: string): boolean {
  return installerFile.exec(path)?.[1] === 'installer.py'
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < source.size; at += pieceSize) {
    yield await readExactly(source, at, Math.min(pieceSize, source.size - at), initrd)
  }
}
