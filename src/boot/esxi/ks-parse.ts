/** One line of a ks.cfg against the table of commands: its options, its words, what is wrong with them. */
import { nearest } from '../nearest.ts'
import type { KsLine } from './ks-lines.ts'
import { type KsCommand, type KsOption, ksCommands, ksSections } from './ks-words.ts'

export interface KsFinding {
  readonly severity: 'error' | 'warning'
  /** 1-based; of what is missing, the first. */
  readonly line: number
  /** A command, with the option where it is one: `install --disk`. */
  readonly key: string
  readonly says: string
}

export interface Parsed {
  readonly line: number
  readonly word: string
  readonly options: ReadonlyMap<string, string>
  readonly words: readonly string[]
  readonly findings: readonly KsFinding[]
}

export function commandOf(word: string): KsCommand | undefined {
  return Object.hasOwn(ksCommands, word) ? ksCommands[word] : undefined
}

export function parseLine(
  { line, word, rest }: KsLine,
  command: KsCommand | undefined,
  version: string | undefined,
): Parsed {
  const findings: KsFinding[] = []
  const options = new Map<string, string>()
  const words: string[] = []
  if (command === undefined) {
    return { line, word, options, words, findings: [error(line, word, unknownWord(word))] }
  }
  for (const { name, value } of itemsOf(rest, command)) {
    if (name === '') words.push(value ?? '')
    else {
      const key = `${word} ${name}`
      if (options.has(name)) findings.push(error(line, key, 'stands twice'))
      options.set(name, value ?? '')
      const says = optionProblem(name, value, { command, version })
      if (says !== undefined) findings.push(error(line, key, says))
    }
  }
  const says = wordsProblem(words, command)
  if (says !== undefined) findings.push(error(line, word, says))
  return { line, word, options, words, findings }
}

/** An option with its value, or a word, which has no name. */
interface Item {
  readonly name: string
  readonly value?: string | undefined
}

/** `--disk NAME` is `--disk=NAME` where the option takes a value. */
function itemsOf(rest: readonly string[], command: KsCommand): readonly Item[] {
  const items: Item[] = []
  const ahead = [...rest]
  for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
    const [name, value] = split(next)
    if (!next.startsWith('--')) items.push({ name: '', value: next })
    else if (value === undefined && optionOf(name, command)?.takes === 'value') {
      items.push({ name, value: ahead.shift() })
    } else items.push({ name, value })
  }
  return items
}

function optionOf(name: string, { options }: KsCommand): KsOption | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined
}

function split(text: string): readonly [name: string, value?: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

export function unknownWord(word: string): string {
  if (word === '%end') return 'is unknown to ESXi: a section goes on to the next one'
  const close = nearest(word, [...Object.keys(ksCommands), ...Object.keys(ksSections)])
  return `is unknown to ESXi's installer${close === undefined ? '' : `; is it ${close}?`}`
}

function unknownOption(name: string, { options }: KsCommand): string {
  const known = Object.keys(options)
  const close = nearest(name, known)
  if (close !== undefined) return `is unknown; is it ${close}?`
  return known.length === 0
    ? 'is unknown, there are none'
    : `is unknown; there are ${known.join(', ')}`
}

function optionProblem(
  name: string,
  value: string | undefined,
  { command, version }: { readonly command: KsCommand; readonly version: string | undefined },
): string | undefined {
  const option = optionOf(name, command)
  if (option === undefined) return unknownOption(name, command)
  const { takes, from } = option
  if (from !== undefined && version !== undefined && isBefore(version, from)) {
    return `is there from ${from} on, and the image is ${version}`
  }
  if (takes === 'flag') return value === undefined ? undefined : 'takes no value'
  if (value !== undefined && value !== '') return valueProblem(value, option)
  return takes === 'value' ? 'has no value' : undefined
}

function valueProblem(value: string, { format, isSecret }: KsOption): string | undefined {
  const allowed = format?.(value)
  if (allowed === undefined) return undefined
  const found = isSecret === true ? 'is not right' : `found ${value}`
  return `${found}, allowed: ${allowed}`
}

function wordsProblem(words: readonly string[], { words: wanted }: KsCommand): string | undefined {
  const { least, most, what } = wanted ?? { least: 0, most: 0, what: 'nothing but options' }
  if (words.length >= least && words.length <= most) return undefined
  return most === 0 ? `takes ${what}, found ${words.join(' ')}` : `takes ${what}, once`
}

/** Of a kind `8.0.3` against `8.0`. */
export function isBefore(version: string, other: string): boolean {
  const [own = 0, theirs = 0] = [version, other].map((text) => {
    const [major = '0', minor = '0'] = text.split('.')
    return Number(major) * 1000 + Number(minor)
  })
  return own < theirs
}

export function error(line: number, key: string, says: string): KsFinding {
  return { severity: 'error', line, key, says }
}

export function warning(line: number, key: string, says: string): KsFinding {
  return { severity: 'warning', line, key, says }
}
