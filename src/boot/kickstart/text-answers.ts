/**
 * Fills a host's values into answers that are lines of text: preseed, Red Hat's kickstart, ESXi's,
 * AutoYaST's XML, shell scripts. What a value may hold depends on who reads the place where it
 * stands: each format has its readers here, each reader its escape. What cannot be escaped is
 * refused, never changed.
 *
 * A line with `${x?}` is left out where there is no x.
 */
import {
  type Variables,
  isHarmless,
  references,
  resolveReference,
  shellQuoted,
  wantsQuotes,
} from './template-reference.ts'

export type TextFormat = 'preseed' | 'anaconda' | 'esxi' | 'autoyast' | 'alpine' | 'shell'

export interface TextProblem {
  /** 1-based. */
  readonly line: number
  readonly says: string
}

export interface FilledText {
  readonly text: string
  /** The same with what is left out as empty lines: lines count as in the source. */
  readonly inPlace: string
  readonly problems: readonly TextProblem[]
}

/** Unknown names are problems; where they stand the text is left as it is. */
export function fillText(text: string, variables: Variables, format: TextFormat): FilledText {
  const problems: TextProblem[] = []
  const readers = readersOf(text, format)
  const source = text.split('\n')
  const lines = source.map((content, index) => {
    const place = { content, reader: readers[index] ?? restOfLine, number: index + 1 }
    return fillLine(place, variables, problems)
  })
  return {
    text: lines.filter((line) => line !== undefined).join('\n'),
    // One that goes on in the next still does.
    inPlace: lines
      .map((line, index) => line ?? (source[index]?.endsWith('\\') === true ? '\\' : ''))
      .join('\n'),
    problems,
  }
}

/** Who reads a place, and how a value is put there; undefined where it cannot be. */
interface Reader {
  readonly escape: (text: string) => string | undefined
  /** The value as one word of a shell. */
  readonly quote: (text: string) => string | undefined
  /** Completes "gives … characters that …". */
  readonly because: string
}

/** The rest of a line, as it stands. */
const restOfLine: Reader = {
  escape: (text) => (/[\n\r\0]|\\$/.test(text) ? undefined : text),
  quote: (text) => (/[\n\r\0]/.test(text) ? undefined : shellQuoted(text)),
  because: 'end the line',
}

const quotes = 'write |quote behind its name, outside of quotes'

/** A shell, or what splits lines as a shell does. */
const shell: Reader = {
  escape: (text) => (isHarmless(text) ? text : undefined),
  quote: (text) => (text.includes('\0') ? undefined : shellQuoted(text)),
  because: `a shell reads itself; ${quotes}`,
}

/** One that stands in XML as it is. */
const shellInXml: Reader = {
  ...shell,
  quote: (text) => (/\0|\]\]>/.test(text) ? undefined : shellQuoted(text)),
}

/** pykickstart and weasel: words, with quotes but without variables. */
const words: Reader = {
  escape: (text) => (/[\s'"\\#\0]/.test(text) ? undefined : text),
  quote: restOfLine.quote,
  because: `end a word; ${quotes}`,
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 has no control characters but tab and line breaks. */
const xml: Reader = {
  escape: (text) =>
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text)
      ? undefined
      : text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character),
  quote: (text) => xml.escape(shellQuoted(text)),
  because: 'no XML can have',
}

/** The reader of each line. */
function readersOf(text: string, format: TextFormat): readonly Reader[] {
  const lines = text.split('\n')
  switch (format) {
    case 'shell':
    case 'alpine':
      return lines.map(() => shell)
    case 'preseed':
      return preseedReaders(lines)
    case 'anaconda':
    case 'esxi':
      return sections(lines, { ...kickstartScripts, outside: words, inside: shell })
    case 'autoyast':
      return sections(lines, { ...xmlScripts, outside: xml, inside: shellInXml })
  }
}

const kickstartScripts = { begins: /^\s*%(?:pre|post|firstboot|onerror|traceback)/, ends: /^\s*%/ }
const xmlScripts = { begins: /<!\[CDATA\[/, ends: /\]\]>/ }

/** Commands are a shell's: `preseed/late_command`, `partman/early_command`, with the lines they go on in. */
function preseedReaders(lines: readonly string[]): readonly Reader[] {
  let before: Reader = restOfLine
  let goesOn = false
  return lines.map((text) => {
    const own = /^\s*\S+\s+\S+\/(?:early_|late_)?command\s/.test(text) ? shell : restOfLine
    const reader = goesOn ? before : own
    before = reader
    goesOn = text.endsWith('\\')
    return reader
  })
}

interface Sections {
  readonly begins: RegExp
  readonly ends: RegExp
  readonly outside: Reader
  readonly inside: Reader
}

/** Scripts between two marks; the lines with the marks count to the script that begins there. */
function sections(
  lines: readonly string[],
  { begins, ends, outside, inside }: Sections,
): readonly Reader[] {
  let isInside = false
  return lines.map((line) => {
    if (isInside && ends.test(line) && !begins.test(line)) {
      isInside = false
      return inside
    }
    const starts = begins.exec(line)
    if (starts !== null) isInside = !ends.test(line.slice(starts.index + starts[0].length))
    return starts !== null || isInside ? inside : outside
  })
}

interface Line {
  readonly content: string
  readonly reader: Reader
  readonly number: number
}

/** Undefined where it is left out. */
function fillLine(
  { content, reader, number }: Line,
  variables: Variables,
  problems: TextProblem[],
): string | undefined {
  let isLeftOut = false
  const filled = content.replaceAll(references, (found, inner?: string) => {
    if (inner === undefined) return '${'
    const resolved = resolveReference(inner, variables)
    if (resolved.type === 'absent') isLeftOut = true
    if (resolved.type === 'wrong') problems.push({ line: number, says: resolved.says })
    if (resolved.type !== 'value') return found
    const text = String(resolved.value)
    const escaped = wantsQuotes(inner) ? reader.quote(text) : reader.escape(text)
    if (escaped !== undefined) return escaped
    problems.push({
      line: number,
      says: `gives \${${inner}} with characters that ${reader.because}`,
    })
    return found
  })
  return isLeftOut ? undefined : filled
}
