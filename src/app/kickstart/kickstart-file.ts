/**
 * Reads a kickstart's file, JSON or YAML, and finds its keys again in the text. A source of our own is
 * YAML 1.2; anything else is read as the installers do from 2.4 on, as YAML 1.1.
 */
import { readFileSync } from 'node:fs'
import {
  type Document,
  LineCounter,
  type ScalarTag,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parse,
  parseDocument,
} from 'yaml'
import { isSource } from '../../boot/kickstart/kickstart-source.ts'
import { InputError, messageOf, unreadable } from '../../core/errors.ts'
import { type TextProblem, textProblems } from './kickstart-text.ts'
import { withoutCitation } from './yaml-problem.ts'

export interface KickstartFile {
  /** Its name, for messages. */
  readonly file: string
  readonly value: unknown
  readonly document: Document
  readonly lines: LineCounter
  /** What is wrong with the text, in the order of the file. */
  readonly problems: readonly TextProblem[]
}

/** Deeper than any kickstart. */
const deepest = 50

/** Throws InputError. */
export function readKickstart(file: string): KickstartFile {
  return parseKickstart(readAnswerText(file), file)
}

/** The text of an unattended file of any kind. Throws InputError. */
export function readAnswerText(file: string): string {
  let octets: Uint8Array
  try {
    octets = readFileSync(file)
  } catch (error) {
    throw new InputError([`${file}: cannot be read: ${unreadable(error)}`])
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    throw new InputError([`${file}: is not UTF-8`])
  }
}

/** `file` is only a name for messages. Throws InputError. */
export function parseKickstart(text: string, file: string): KickstartFile {
  const modern = documentOf(text, file, '1.2')
  const read = isSource(modern.value) ? modern : documentOf(text, file, '1.1')
  return { file, ...read, problems: textProblems(text, read.document) }
}

function documentOf(
  text: string,
  file: string,
  version: '1.1' | '1.2',
): { value: unknown; document: Document; lines: LineCounter } {
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, {
      version,
      lineCounter: lines,
      prettyErrors: false,
      customTags: (tags) => [...tags, parameter],
    })
    const wrong = [...document.errors, ...document.warnings]
    if (wrong.length > 0) {
      throw new InputError(
        wrong.map(
          ({ pos, message }) => `${placeIn(file, lines, pos[0])}: ${withoutCitation(message)}`,
        ),
      )
    }
    const value: unknown = document.toJS()
    JSON.stringify(value) // an alias may stand inside of what it names
    if (depthOf(value) > deepest) throw new InputError([`${file}: is nested too deeply`])
    return { value, document, lines }
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError([
      `${file}: is neither JSON nor YAML: ${withoutCitation(messageOf(error))}`,
    ])
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner: readonly unknown[] = Object.values(value)
  return 1 + inner.reduce<number>((most, one) => Math.max(most, depthOf(one)), 0)
}

/** `!param NAME=DEFAULT`: the command line of an image builder; an ISO has only the default. */
const parameter: ScalarTag = {
  tag: '!param',
  resolve: (text, onError) => {
    const start = text.indexOf('=')
    if (start >= 0) return parse(text.slice(start + 1), { version: '1.1' }) as unknown
    onError(`no installer that is booted sets the parameter ${text}, and it has no default`)
    return text
  },
}

/** Where a key stands, or the nearest that it would stand in; undefined where nothing tells. */
export function offsetOf(
  document: Document,
  path: readonly (string | number)[],
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const offset = keyOffset(document, path.slice(0, length))
    if (offset !== undefined) return offset
  }
  return undefined
}

/** Of a pair its key: a value may begin lines below. */
function keyOffset(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? undefined
  const last = path.at(-1)
  if (isSeq(parent)) return rangeOf(parent.items[Number(last)])
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === last)
  return rangeOf(pair?.key)
}

function rangeOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** `FILE:LINE:COLUMN`. */
function placeIn(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${file}:${line}:${col}`
}
