/** Looks which kind of image it is, and which version: the rows are those of image-kinds.ts. */
import { readExactly } from '../../wire/byte-source.ts'
import { type FolderNode, findFile, findNode } from '../../wire/disk/image-node.ts'
import { type ImageKind, imageKinds } from './image-kinds.ts'

export interface FoundKind {
  readonly kind: ImageKind
  readonly version: string | undefined
}

/** The first row whose markers are all there; undefined where none is. */
export async function identifyImage(
  root: FolderNode,
  { label, publisher }: { readonly label: string; readonly publisher: string },
): Promise<FoundKind | undefined> {
  for (const kind of imageKinds) {
    if (kind.label?.test(label) === false || kind.publisher?.test(publisher) === false) continue
    if (!(await hasAll(root, kind.markers))) continue
    return { kind, version: await versionOf(root, kind, label) }
  }
  return undefined
}

async function hasAll(root: FolderNode, markers: ImageKind['markers']): Promise<boolean> {
  for (const marker of markers) {
    const paths = typeof marker === 'string' ? [marker] : marker
    if (!(await hasOne(root, paths))) return false
  }
  return true
}

async function hasOne(root: FolderNode, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if ((await findNode(root, path)) !== undefined) return true
  return false
}

/** Octets of a file that names a version: it stands near the beginning. */
const longestVersionFile = 4096

async function versionOf(
  root: FolderNode,
  { version = [] }: ImageKind,
  label: string,
): Promise<string | undefined> {
  for (const { file, folder, pattern } of version) {
    const text =
      folder === undefined ? await textOf(root, file, label) : await namesIn(root, folder)
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}

async function namesIn(root: FolderNode, path: string): Promise<string> {
  const node = await findNode(root, path)
  return node?.type === 'folder' ? (await node.list()).map(({ name }) => name).join('\n') : ''
}

/** The label where no file is asked for. */
async function textOf(root: FolderNode, path: string | undefined, label: string): Promise<string> {
  if (path === undefined) return label
  const file = await findFile(root, path)
  if (file === undefined) return ''
  const length = Math.min(file.size, longestVersionFile)
  return new TextDecoder().decode(await readExactly(await file.open(), 0, length, path))
}
