/**
 * `repomd.xml`, the index of an RPM repository: which metadata files make up its generation, and
 * the checksum of each. Refuses names that lead out of the repository.
 *
 * Source: the format that createrepo_c writes and libsolv and librepo read.
 */
import { XMLParser } from 'fast-xml-parser'

export interface RepositoryFile {
  /** Relative to the repository's root: `repodata/…-primary.xml.gz`. */
  readonly href: string
  /** Lower-case hex, where the index has one. */
  readonly sha256: string | undefined
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  isArray: (name) => name === 'data',
  processEntities: false,
})

/** Undefined when it is no index of a repository. */
export function parseRepomd(text: string): readonly RepositoryFile[] | undefined {
  const data = at(parse(text), 'repomd', 'data')
  if (!Array.isArray(data)) return undefined
  const files = data.map(fileOf)
  return files.every((file) => file !== undefined) ? files : undefined
}

function fileOf(data: unknown): RepositoryFile | undefined {
  const href = at(data, 'location', '@href')
  if (typeof href !== 'string' || !isInside(href)) return undefined
  const kind = at(data, 'checksum', '@type')
  const sum = at(data, 'checksum', '#text')
  const isKnown = kind === 'sha256' && typeof sum === 'string' && /^[0-9a-f]{64}$/i.test(sum)
  return { href, sha256: isKnown ? sum.toLowerCase() : undefined }
}

function isInside(href: string): boolean {
  const parts = href.split('/')
  return /^[\w.~+-]+(?:\/[\w.~+-]+)*$/.test(href) && !parts.includes('..') && !parts.includes('.')
}

function parse(text: string): unknown {
  try {
    return parser.parse(text)
  } catch {
    return undefined
  }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  )
}
