/**
 * What is wrong with a kickstart as text: up to 2.3 the installers read it as JSON, from 2.4 on as
 * YAML 1.1 by PyYAML, which takes most JSON but not all.
 */
import { type Document, Lexer, visit } from 'yaml'
import type { Known } from '../boot/kickstart/installers.ts'
import { messageOf } from '../core/errors.ts'

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

function scalarProblems(text: string, document: Document): readonly TextProblem[] {
  const found: TextProblem[] = []
  visit(document, {
    Scalar: (key, node) => {
      const offset = node.range?.[0] ?? 0
      const source = text.slice(offset, node.range?.[1] ?? 0)
      const isOdd = key === 'key' && typeof node.value !== 'string'
      if (isOdd) found.push(problem(offset, 'is a key that is no text; put it in quotes'))
      if (typeof node.value === 'number' && /[.eE]/.test(source) && !/^[-+]?0x/.test(source)) {
        found.push(problem(offset, `has ${source}: only whole numbers, written as such`))
      }
      if (/(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/.test(source)) {
        const says = 'has a character as two \\u escapes, which fails from 2.4 on; write it itself'
        found.push({ offset, says, known: sinceYaml, isOfForm: true })
      }
    },
  })
  return found
}

function problem(offset: number, says: string): TextProblem {
  return { offset, says, known: {}, isOfForm: false }
}
