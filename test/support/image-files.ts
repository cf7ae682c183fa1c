/** What tests of image readers share: trees of files to put into images, and how to read them back. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { type ByteSource, memorySource, readExactly } from '../../src/wire/byte-source.ts'
import type { FolderNode, ImageNode } from '../../src/wire/disk/image-node.ts'
import { openPlainFile } from '../../src/io/files/disk-tree.ts'
import type { OpenFile } from '../../src/io/files/file-tree.ts'

/** Names that are not ASCII are kept in any locale: mtools and xorriso take the environment's. */
const environment = { ...process.env, LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1' }

/** Runs a tool; a failure is told with what it said. */
export function tool(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
    env: environment,
  })
}

/** Runs a tool in a folder, which is made, with octets as its input. */
export function toolIn(folder: string, argv: readonly string[], input: Uint8Array): void {
  mkdirSync(folder, { recursive: true })
  const [program = '', ...args] = argv
  const stdio = ['pipe', 'ignore', 'pipe'] as const
  execFileSync(program, args, { cwd: folder, input, env: environment, stdio: [...stdio] })
}

/** A folder that goes with the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bootlace-images-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Octets that no compression makes smaller, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const octets = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    octets[at] = state >>> 24
  }
  return octets
}

/** Files by path; `-> target` in place of octets makes a symbolic link. */
export type FileMap = Readonly<Record<string, Uint8Array | `-> ${string}`>>

export function writeFiles(folder: string, files: FileMap): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    if (typeof content === 'string') symlinkSync(content.slice(3), file)
    else writeFileSync(file, content)
  }
  return folder
}

export function digestOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex').slice(0, 16)
}

/** What `writeFiles` wrote, in the words of `treeOf`. */
export function wanted(files: FileMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === 'string' ? content : `${content.length} ${digestOf(content)}`,
    ]),
  )
}

/** Everything in an image: each file's size and digest, each link's target. */
export async function treeOf(root: FolderNode, base = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const node of await root.list()) {
    const path = `${base}${node.name}`
    if (node.type === 'folder') {
      if (node.name !== 'lost+found') Object.assign(found, await treeOf(node, `${path}/`))
    } else if (node.type === 'link') found[path] = `-> ${await node.target()}`
    else {
      const octets = await wholeOf(await node.open())
      found[path] = `${node.size} ${digestOf(octets)}`
    }
  }
  return found
}

/** Read in pieces of odd sizes, so that no boundary is left out. */
export async function wholeOf(source: ByteSource, step = 1_000_003): Promise<Uint8Array> {
  const octets = new Uint8Array(source.size)
  for (let at = 0; at < source.size; at += step) {
    const length = Math.min(step, source.size - at)
    octets.set(await readExactly(source, at, length, 'test'), at)
  }
  return octets
}

/** A file on disk as a source; closed with the test. */
export async function diskSource(path: string): Promise<OpenFile> {
  const file = await openPlainFile(path)
  if (file === undefined) throw new Error(`${path} is no file`)
  onTestFinished(() => file.close())
  return file
}

/** One of test/fixtures/images, whose files are `fixtureFiles`. */
export function fixtureImage(name: string): Uint8Array {
  const packed = readFileSync(new URL(`../fixtures/images/${name}.gz`, import.meta.url))
  return new Uint8Array(gunzipSync(packed))
}

function counted(word: string, width: number, count: number): Uint8Array {
  const lines = Array.from(
    { length: count },
    (_, index) => `${word} ${String(index + 1).padStart(width, '0')}\n`,
  )
  return new TextEncoder().encode(lines.join(''))
}

/** What test/fixtures/images/make.sh puts into each file system. */
export const fixtureFiles: FileMap = {
  'boot/vmlinuz': counted('line', 5, 2000),
  'boot/sub/a name that is longer than 8.3.txt': counted('row', 3, 90),
  empty: new Uint8Array(0),
}

/** Files in memory as an image's folder. */
export function memoryFolder(files: FileMap, name = ''): FolderNode {
  const below = new Map<string, Record<string, Uint8Array | `-> ${string}`>>()
  const nodes: ImageNode[] = []
  for (const [path, content] of Object.entries(files)) {
    const [first = '', ...rest] = path.split('/')
    if (rest.length > 0) {
      below.set(first, { ...below.get(first), [rest.join('/')]: content })
    } else if (typeof content === 'string') {
      nodes.push({ type: 'link', name: first, target: () => Promise.resolve(content.slice(3)) })
    } else {
      const open = () => Promise.resolve(memorySource(content))
      nodes.push({ type: 'file', name: first, size: content.length, open })
    }
  }
  for (const [folder, inner] of below) nodes.push(memoryFolder(inner, folder))
  return { type: 'folder', name, list: () => Promise.resolve(nodes) }
}

export function text(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}
