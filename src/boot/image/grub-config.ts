/**
 * Configurations of GRUB 2 and of GRUB Legacy (`menu.lst`), as far as they start Linux: entries with
 * their kernels, initrds and arguments. Variables that are set to plain words are filled in;
 * conditions and functions are not run, so both branches count.
 *
 * Source: GNU GRUB Manual 2.12, "Writing full configuration files"; GNU GRUB Manual 0.97,
 * "Configuration".
 */
import { type BootChoice, type LoaderConfig, fromRoot, splitInitrd } from './boot-choice.ts'

interface Entry {
  readonly title: string
  kernel: string
  args: string
  initrd: string[]
}

interface State {
  readonly entries: Entry[]
  readonly variables: Map<string, string>
  wanted: string
}

/** Characters of a variable at most. */
const longestValue = 1024

type Command = (state: State, words: readonly string[], entry: Entry | undefined) => void

const linux: Command = (_state, [kernel = '', ...args], entry) => {
  // The kernel takes quotes around a whole argument.
  const quoted = args.map((word) => (/\s/.test(word) ? `"${word}"` : word))
  if (entry !== undefined) Object.assign(entry, { kernel: plain(kernel), args: quoted.join(' ') })
}
const initrd: Command = (_state, paths, entry) => {
  if (entry !== undefined) entry.initrd = paths.map(plain)
}
const begin: Command = (state, [title = '']) =>
  state.entries.push({ title, kernel: '', args: '', initrd: [] })

const commands: Readonly<Record<string, Command>> = {
  menuentry: begin,
  linux,
  linux16: linux,
  linuxefi: linux,
  initrd,
  initrd16: initrd,
  initrdefi: initrd,
  set: (state, [assignment = '']) => {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(assignment) ?? []
    // Longer ones are no arguments, and grow with each variable that they are filled in for.
    if (value.length <= longestValue) state.variables.set(name, value)
    if (name === 'default') state.wanted = value
  },
  // GRUB Legacy
  title: (state, words) => begin(state, [words.join(' ')], undefined),
  kernel: linux,
  default: (state, [number = '']) => (state.wanted = number),
}

/** Paths begin at the root of the file system, whatever device stands before them. */
export function parseGrubConfig(text: string): LoaderConfig {
  const state: State = { entries: [], variables: new Map(), wanted: '0' }
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [command = '', ...words] = wordsOf(line, state.variables)
    commands[command]?.(state, words, state.entries.at(-1))
  }
  const choices = state.entries.flatMap((entry, index) =>
    choiceOf(entry, state.wanted === String(index) || state.wanted === entry.title),
  )
  return { choices, includes: [] }
}

function choiceOf({ title, kernel, args, initrd: named }: Entry, isDefault: boolean): BootChoice[] {
  if (kernel === '') return []
  const split = splitInitrd(args)
  const paths = named.length > 0 ? named : split.initrd
  return [
    {
      title,
      kernel: fromRoot(kernel, ''),
      initrd: paths.map((path) => fromRoot(path, '')),
      args: split.args,
      isDefault,
    },
  ]
}

/** Words with their quotes taken off; a comment ends the line. */
function wordsOf(line: string, variables: ReadonlyMap<string, string>): string[] {
  const words: string[] = []
  for (const [raw] of line.matchAll(
    /#.*$|(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\;#]|(?<=\S)#)+/g,
  )) {
    if (raw.startsWith('#')) break
    words.push(unquoted(raw, variables))
  }
  return words
}

/** Single quotes keep everything as it is, double ones all but variables and `\`. */
function unquoted(raw: string, variables: ReadonlyMap<string, string>): string {
  const pieces = raw.matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^'"\\])+)/g)
  return [...pieces]
    .map(([, single, double, bare = '']) => single ?? expanded(double ?? bare, variables))
    .join('')
}

function expanded(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\\(.)|\$\{?(\w+)\}?/g, (_all, escaped?: string, name?: string) =>
    name === undefined ? (escaped ?? '') : (variables.get(name) ?? ''),
  )
}

/** `(hd0,1)/boot/vmlinuz` without its device. */
function plain(path: string): string {
  return path.replace(/^\([^)]*\)/, '')
}
