/**
 * Configurations of SYSLINUX, EXTLINUX, ISOLINUX and PXELINUX, as far as they start Linux: labels
 * with their kernels, initrds and arguments. Menus' looks, other programs (`.c32`) and local disks
 * are left out.
 *
 * Source: syslinux 6.03, doc/syslinux.txt and doc/menu.txt.
 */
import { type BootChoice, type LoaderConfig, fromRoot, splitInitrd } from './boot-choice.ts'

interface Label {
  readonly name: string
  title: string
  kernel: string
  initrd: string[]
  append: string | undefined
  menuDefault: boolean
}

interface State {
  readonly labels: Label[]
  readonly includes: string[]
  /** APPEND before the first label holds for all that have none of their own. */
  append: string
  wanted: string
}

type Directive = (state: State, rest: string, label: Label | undefined) => void

const directives: Readonly<Record<string, Directive>> = {
  default: (state, rest) => (state.wanted = rest),
  ontimeout: (state, rest) => (state.wanted ||= rest),
  include: (state, rest) => state.includes.push(rest),
  label: (state, rest) => state.labels.push(newLabel(rest)),
  kernel: (_state, rest, label) => label !== undefined && (label.kernel = rest),
  linux: (_state, rest, label) => label !== undefined && (label.kernel = rest),
  initrd: (_state, rest, label) => label?.initrd.push(...rest.split(',')),
  append: (state, rest, label) => {
    if (label === undefined) state.append = rest
    else label.append = rest
  },
  menu: (state, rest, label) => {
    const [, what = '', text = ''] = /^(\S+)\s*(.*)$/.exec(rest) ?? []
    if (what.toLowerCase() === 'include') state.includes.push(text.split(/\s+/)[0] ?? '')
    if (label === undefined) return
    // `^` marks the hotkey.
    if (what.toLowerCase() === 'label') label.title = text.replace('^', '')
    if (what.toLowerCase() === 'default') label.menuDefault = true
  },
}

/** Other kinds of files that `KERNEL` may name; they are told by their endings. */
const notLinux = /\.(c32|com|cbt|bss|bs|bin|0|img)$/i

/** `folder` is where the configuration lies: relative paths begin there. */
export function parseSyslinuxConfig(text: string, folder: string): LoaderConfig {
  const state: State = { labels: [], includes: [], append: '', wanted: '' }
  for (const line of text.split(/\r?\n/)) {
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line.trim()) ?? []
    directives[word.toLowerCase()]?.(state, rest, state.labels.at(-1))
  }
  const isMarked = state.labels.some(({ menuDefault }) => menuDefault)
  const [wanted = ''] = state.wanted.split(/\s+/)
  return {
    choices: labelsOf(state).flatMap((label) => {
      const isDefault = isMarked ? label.menuDefault : label.name === wanted
      return choiceOf(label, state, folder).map((choice) => ({ ...choice, isDefault }))
    }),
    includes: state.includes.map((path) => fromRoot(path, folder)),
  }
}

function newLabel(name: string): Label {
  return { name, title: name, kernel: '', initrd: [], append: undefined, menuDefault: false }
}

/** A default that is no label is a kernel itself, with its arguments. */
function labelsOf({ labels, wanted }: State): readonly Label[] {
  const [kernel = '', ...args] = wanted.split(/\s+/)
  if (labels.length > 0 || kernel === '') return labels
  return [{ ...newLabel(kernel), kernel, append: args.length > 0 ? args.join(' ') : undefined }]
}

function choiceOf(label: Label, state: State, folder: string): Omit<BootChoice, 'isDefault'>[] {
  const { title, kernel, append } = label
  if (kernel === '' || notLinux.test(kernel)) return []
  // A hyphen takes the common arguments away.
  const { args, initrd } = splitInitrd(append === '-' ? '' : (append ?? state.append))
  return [
    {
      title,
      kernel: fromRoot(kernel, folder),
      initrd: [...label.initrd, ...initrd].map((path) => fromRoot(path, folder)),
      args,
    },
  ]
}
