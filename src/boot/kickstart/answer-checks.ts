/**
 * What an installer would refuse, or ask for, in answers that are filled in: as far as it can be told
 * without the installer. Text by lines; structured ones as values. (Photon: kickstart-checks.ts.)
 *
 * Sources: debconf's file format and Debian's installation guide, appendix B; pykickstart,
 * docs/kickstart-docs.rst; Ubuntu's autoinstall reference; Ignition's specification 3; Talos'
 * configuration reference; alpine-conf, setup-alpine.
 */
import { nearest } from '../nearest.ts'
import type { AnswerFormat } from '../system/system.ts'
import { anacondaCommands, anacondaSections } from './anaconda-words.ts'
import { type Finding, error, isObject } from './formats.ts'
import type { TextProblem } from './text-answers.ts'

type TextCheck = (lines: readonly string[]) => readonly TextProblem[]

const textChecks: Partial<Record<AnswerFormat, TextCheck>> = {
  preseed: checkPreseed,
  anaconda: checkAnaconda,
  alpine: checkAlpine,
}

export function checkText(text: string, format: AnswerFormat): readonly TextProblem[] {
  return textChecks[format]?.(text.split('\n')) ?? []
}

/** `value` is that of the whole file; of several documents that with the key that is looked for. */
export function checkValue(value: unknown, format: AnswerFormat): readonly Finding[] {
  if (!isObject(value)) return [error([], 'is no map of keys')]
  return valueChecks[format]?.(value) ?? []
}

const types = new Set([
  'string',
  'boolean',
  'select',
  'multiselect',
  'password',
  'note',
  'text',
  'error',
])
const hash = /^(\$\w{1,6}\$|[!*])/

/** `OWNER QUESTION TYPE VALUE`, a line that ends in `\` goes on in the next. */
function checkPreseed(lines: readonly string[]): readonly TextProblem[] {
  let goesOn = false
  return lines.flatMap((content, index): TextProblem[] => {
    const isPart = goesOn
    // What was left out of a command is an empty line here, and does not end it.
    if (content !== '') goesOn = content.endsWith('\\')
    if (isPart || /^\s*(#|$)/.test(content)) return []
    const [, question = '', type = '', value = ''] =
      /^\s*\S+\s+(\S+)\s+(\S+)\s*(.*)$/.exec(content) ?? []
    return preseedProblems(question, type, value.trim()).map((says) => ({ line: index + 1, says }))
  })
}

function preseedProblems(question: string, type: string, value: string): readonly string[] {
  if (question === '') return ['is no OWNER QUESTION TYPE VALUE']
  if (!types.has(type)) {
    // Of a password whose type was left out it is the password.
    const found = /passw/.test(question) ? 'is of no type' : `found the type ${type}`
    return [`${question}: ${found}, allowed: ${[...types].join(', ')}`]
  }
  if (type === 'boolean' && !['true', 'false', ''].includes(value)) {
    return [`${question}: found ${value}, allowed: true or false`]
  }
  return question.endsWith('-crypted') && !hash.test(value)
    ? [`${question}: is no hash: bootlace hash-password makes one`]
    : []
}

function checkAnaconda(lines: readonly string[]): readonly TextProblem[] {
  const problems: TextProblem[] = []
  let open: TextProblem | undefined
  for (const [index, content] of lines.entries()) {
    const [, word = ''] = /^\s*(%?[^\s#]+)/.exec(content) ?? []
    if (word === '%end') open = undefined
    if (open !== undefined || word === '' || word === '%end' || word === '%include') continue
    const line = index + 1
    if (word.startsWith('%')) open = { line, says: `${word} has no %end` }
    problems.push(...wordProblems(word, content).map((says) => ({ line, says })))
  }
  return open === undefined ? problems : [...problems, open]
}

function wordProblems(word: string, content: string): readonly string[] {
  const known = word.startsWith('%') ? anacondaSections : anacondaCommands
  return known.has(word) ? commandProblems(word, content) : [unknown(word, known)]
}

function commandProblems(word: string, content: string): readonly string[] {
  const secret = content.trim().split(/\s+/).at(-1) ?? ''
  return word === 'rootpw' && /\s--iscrypted\b/.test(content) && !hash.test(secret)
    ? ['rootpw: is no hash: bootlace hash-password makes one']
    : []
}

function unknown(word: string, known: ReadonlySet<string>): string {
  const close = nearest(word, [...known])
  return `${word}: is unknown to the installer${close === undefined ? '' : `; is it ${close}?`}`
}

/** It asks for whatever is not there. */
function checkAlpine(lines: readonly string[]): readonly TextProblem[] {
  const wrong = lines.flatMap((content, index): TextProblem[] =>
    /^\s*(#|$)/.test(content) || /^[A-Z]+=/.test(content) || isInQuotes(lines, index)
      ? []
      : [{ line: index + 1, says: 'is no NAME=VALUE' }],
  )
  const isSaid = lines.some((content) => /^DISKOPTS=./.test(content))
  return isSaid ? wrong : [...wrong, { line: 1, says: 'DISKOPTS: is missing, so it would ask' }]
}

function isInQuotes(lines: readonly string[], index: number): boolean {
  const before = lines.slice(0, index).join('\n')
  return (before.match(/"/g) ?? []).length % 2 === 1
}

type Values = Readonly<Record<string, unknown>>

const valueChecks: Partial<Record<AnswerFormat, (value: Values) => readonly Finding[]>> = {
  'cloud-init': ({ autoinstall }) => {
    if (!isObject(autoinstall)) return [error(['autoinstall'], 'is missing, so it would ask')]
    const { version, identity } = autoinstall
    const password = isObject(identity) ? identity['password'] : undefined
    return [
      ...(version === 1 ? [] : [error(['autoinstall', 'version'], 'must be 1')]),
      ...(password === undefined || (typeof password === 'string' && hash.test(password))
        ? []
        : [
            error(
              ['autoinstall', 'identity', 'password'],
              'is no hash: bootlace hash-password makes one',
            ),
          ]),
    ]
  },
  ignition: ({ ignition }) => {
    const version = isObject(ignition) ? ignition['version'] : undefined
    return typeof version === 'string' && /^[23]\.\d+\.\d+/.test(version)
      ? []
      : [error(['ignition', 'version'], 'must be a version, such as 3.3.0')]
  },
  talos: ({ machine }) => {
    if (!isObject(machine)) return [error(['machine'], 'is missing')]
    const install = isObject(machine['install']) ? machine['install'] : {}
    return 'disk' in install || 'diskSelector' in install
      ? []
      : [error(['machine', 'install', 'disk'], 'is missing: which disk it is installed to')]
  },
  'cloud-config': ({ install }) =>
    install === undefined || isObject(install) ? [] : [error(['install'], 'is no map of keys')],
  agama: ({ product }) =>
    isObject(product) && typeof product['id'] === 'string'
      ? []
      : [error(['product', 'id'], 'is missing: what is installed, such as Leap_16.0')],
}
