/**
 * What is wrong with a kickstart as text: up to 2.3 the installers read it as JSON, from 2.4 on as
 * YAML 1.1 by PyYAML, which takes most JSON but not all.
 */
import { type Document, Lexer, type Scalar, visit } from 'yaml'
import type { Known } from '../../boot/kickstart/installers.ts'
import { messageOf } from '../../core/errors.ts'

/** Something in the text that some installers do not read. */
export interface TextProblem {
  readonly offset: number
  readonly says: string
  readonly known: Known
  /** Whether it is gone once the value is written as JSON anew. */
  readonly isOfForm: boolean
}

const beforeYaml: Known = { until: '2.3' }
const sinceYaml: Known = { from: '2.4' }

/** In the order of the file. */
export function textProblems(text: string, document: Document): readonly TextProblem[] {
  const all = [...notJson(text), ...notPlainYaml(text), ...scalarProblems(text, document)]
  return all.toSorted((one, other) => one.offset - other.offset)
}

function notJson(text: string): readonly TextProblem[] {
  try {
    JSON.parse(text)
    return []
  } catch (error) {
    const offset = Number(/position (\d+)/.exec(messageOf(error))?.[1] ?? 0)
    const says = 'is not JSON, and up to 2.3 the installers read nothing else'
    return [{ offset, says, known: beforeYaml, isOfForm: true }]
  }
}

/** What PyYAML's reader refuses anywhere in a file. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unprintable = /[^\t\n\r\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

function notPlainYaml(text: string): readonly TextProblem[] {
  const characters = [...text.matchAll(unprintable)].map(({ index, 0: character }) => ({
    offset: index,
    says: `has the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}, which the installers refuse from 2.4 on`,
    known: sinceYaml,
    isOfForm: true,
  }))
  return [...characters, ...tabs(text)]
}

/** Marks of the lexer's own, which are not in the text. */
const lexerMarks = new Set(['\u0002', '\u0018', '\u001F'])

function tabs(text: string): readonly TextProblem[] {
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (lexerMarks.has(lexeme)) continue
    if (/^[ \t]*\t[ \t]*$/.test(lexeme)) {
      const says =
        'has a tab outside of quotes, which the installers refuse from 2.4 on; use spaces'
      return [{ offset: offset + lexeme.indexOf('\t'), says, known: sinceYaml, isOfForm: true }]
    }
    offset += lexeme.length
  }
  return []
}

function tab(offset: number): TextProblem {
  const says = 'has a tab outside of quotes, which the installers refuse from 2.4 on; use spaces'
  return { offset, says, known: sinceYaml, isOfForm: true }
}

function scalarProblems(text: string, document: Document): readonly TextProblem[] {
  const found: TextProblem[] = []
  visit(document, {
    Scalar: (key, node) => {
      const [start = 0, end = 0] = node.range ?? []
      const source = text.slice(start, end)
      found.push(...(key === 'key' ? keyProblems(node, start) : []))
      found.push(...valueProblems(node, source, start))
    },
  })
  return found
}

/** The installers have such keys as numbers or flags, and JSON has only text. */
function keyProblems({ value }: Scalar, offset: number): readonly TextProblem[] {
  const says = 'is a key that is no text; put it in quotes'
  return typeof value === 'string' ? [] : [problem(offset, says)]
}

/** Two escapes for one character: halves to PyYAML, which cannot be written to a file. */
const surrogateEscape = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/
const hexadecimal = /^[-+]?0x/

function valueProblems(
  { value, type }: Scalar,
  source: string,
  offset: number,
): readonly TextProblem[] {
  const isFraction = typeof value === 'number' && /[.eE]/.test(source) && !hexadecimal.test(source)
  const split = 'has a character as two \\u escapes, which fails from 2.4 on; write it itself'
  return [
    ...(isFraction ? [problem(offset, `has ${source}: only whole numbers, written as such`)] : []),
    ...(type === 'PLAIN' && source.includes('\t') ? [tab(offset + source.indexOf('\t'))] : []),
    ...(surrogateEscape.test(source)
      ? [{ offset, says: split, known: sinceYaml, isOfForm: true }]
      : []),
  ]
}

function problem(offset: number, says: string): TextProblem {
  return { offset, says, known: {}, isOfForm: false }
}
