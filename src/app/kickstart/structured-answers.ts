/**
 * Fills a host's values into answers that are YAML or JSON. It works on the values, not on the text:
 * what is written out again escapes them. Comments and the order of keys stay. YAML is read and
 * written as 1.1, which is what most installers read: `yes` in a text of the host's gets quotes.
 */
import {
  type Document,
  LineCounter,
  type Scalar,
  isMap,
  isPair,
  isScalar,
  parseAllDocuments,
  visit,
} from 'yaml'
import { type Finding, type KeyPath, error } from '../../boot/kickstart/formats.ts'
import { fillIn } from '../../boot/kickstart/kickstart-template.ts'
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import { isShellText, variablesFor } from '../../boot/kickstart/structured-rules.ts'
import { messageOf } from '../../core/errors.ts'
import { formatPath } from '../config/config-problems.ts'
import { offsetOf } from './kickstart-file.ts'
import { withoutCitation } from './yaml-problem.ts'

export interface AnswerProblem {
  /** 1-based; undefined where the file says nothing of it. */
  readonly line?: number | undefined
  /** Of structured answers. */
  readonly key?: string | undefined
  readonly says: string
}

export interface FilledAnswers {
  readonly text: string
  /** Of several documents each. */
  readonly values: readonly unknown[]
  readonly problems: readonly AnswerProblem[]
  /** A finding on a document's values as a problem with its line. */
  place(finding: Finding, document: number): AnswerProblem
}

export function fillStructured(
  text: string,
  variables: Variables,
  syntax: 'yaml' | 'json',
): FilledAnswers {
  const lines = new LineCounter()
  const read = parseAllDocuments(text, {
    version: '1.1',
    lineCounter: lines,
    prettyErrors: false,
  })
  const documents: Document.Parsed[] = 'empty' in read ? [] : read
  const place = ({ path, says }: Finding, document: number): AnswerProblem => {
    const found = documents[document]
    const offset = found === undefined ? undefined : offsetOf(found, path)
    const line = offset === undefined ? undefined : lines.linePos(offset).line
    return { line, key: path.length === 0 ? undefined : formatPath(path), says }
  }
  const problems = [
    ...documents.flatMap(({ errors }) =>
      errors.map(({ pos, message }) => ({
        line: lines.linePos(pos[0]).line,
        says: withoutCitation(message),
      })),
    ),
    ...documents.flatMap((document) => valueProblems(document)),
    ...(syntax === 'json' ? jsonProblems(text) : []),
  ]
  if (problems.length > 0) return { text, values: [], problems, place }
  const found = documents.flatMap((document, index) =>
    fillDocument(document, variables).map((finding) => place(finding, index)),
  )
  const values = documents.map((document): unknown => document.toJS())
  return { text: written(documents, values, syntax), values, problems: found, place }
}

/** What reads well and has no value: an alias of nothing. */
function valueProblems(document: Document.Parsed): readonly AnswerProblem[] {
  try {
    document.toJS()
    return []
  } catch (error_) {
    return [{ says: withoutCitation(messageOf(error_)) }]
  }
}

/** YAML takes more than JSON is: comments, bare words. */
function jsonProblems(text: string): readonly AnswerProblem[] {
  try {
    JSON.parse(text)
    return []
  } catch (error_) {
    // V8 cites what stands there, which may be a password.
    const says = messageOf(error_).replace(/, (?:\.{3})?".*is not valid JSON$/s, '')
    return [{ says: `is no JSON: ${says}` }]
  }
}

function written(
  documents: readonly Document.Parsed[],
  values: readonly unknown[],
  syntax: 'yaml' | 'json',
): string {
  if (syntax === 'json') return `${JSON.stringify(values[0], undefined, 2)}\n`
  return documents.map((document) => document.toString({ lineWidth: 0 })).join('')
}

function fillDocument(document: Document, variables: Variables): readonly Finding[] {
  const findings: Finding[] = []
  /** True for what is to be left out. */
  const fill = (node: unknown, ancestors: readonly unknown[], key: unknown = null): boolean => {
    if (!isScalar(node) || typeof node.value !== 'string') return false
    const filled = fillText(node.value, variables, pathOf(ancestors, node, key))
    findings.push(...filled.findings)
    if (filled.value === undefined) return true
    put(node, filled.value)
    return false
  }
  visit(document, {
    // A value is left out with its key, so those of a pair are filled in there.
    Pair: (_key, pair, ancestors) => {
      const inside = [...ancestors, pair]
      fill(pair.key, inside)
      return fill(pair.value, inside) ? visit.REMOVE : undefined
    },
    Scalar: (key, node, ancestors) =>
      !isPair(ancestors.at(-1)) && fill(node, ancestors, key) ? visit.REMOVE : undefined,
  })
  return findings
}

function fillText(text: string, variables: Variables, path: KeyPath) {
  const own = variablesFor(text, variables)
  const { value, findings } = fillIn(text, own, () => isShellText(path, text))
  return { value, findings: findings.map(({ says }) => error(path, says)) }
}

function put(node: Scalar, value: unknown): void {
  if (node.value === value) return
  node.value = value
  if (typeof value !== 'string') delete node.type
}

/** Keys and positions from the document down to the node. */
function pathOf(ancestors: readonly unknown[], node: Scalar, key: unknown): KeyPath {
  const chain = [...ancestors, node]
  return chain.flatMap((one, index): (string | number)[] => {
    const next = chain[index + 1]
    if (isPair(one)) return isScalar(one.key) ? [String(one.key.value)] : []
    if (isMap(one) || next === undefined || typeof one !== 'object' || one === null) return []
    if (!('items' in one) || !Array.isArray(one.items)) return []
    const at = next === node && typeof key === 'number' ? key : one.items.indexOf(next)
    return at < 0 ? [] : [at]
  })
}
