/**
 * A ks.cfg as commands and scripts. A script goes on to the next section or to the end of the file:
 * ESXi has no `%end`. Lines are split into words as a POSIX shell does, without variables.
 */

export interface KsLine {
  /** 1-based. */
  readonly line: number
  readonly word: string
  /** `--name=value` and `--name value` are told apart by what the option takes, not here. */
  readonly rest: readonly string[]
}

export interface KsSection extends KsLine {
  readonly script: readonly string[]
}

export interface KsFile {
  readonly commands: readonly KsLine[]
  readonly sections: readonly KsSection[]
  /** Lines whose quotes do not end. */
  readonly open: readonly number[]
}

export function readKs(text: string): KsFile {
  const commands: KsLine[] = []
  const sections: (KsSection & { readonly script: string[] })[] = []
  const open: number[] = []
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    const isSection = /^%(pre|post|firstboot)\b/.test(content)
    const section = sections.at(-1)
    if (section !== undefined && !isSection) section.script.push(content)
    else if (!/^\s*(#|$)/.test(content)) {
      const words = splitWords(content)
      const [word = '', ...rest] = words ?? content.trim().split(/\s+/)
      if (words === undefined) open.push(line)
      if (isSection) sections.push({ line, word, rest, script: [] })
      else commands.push({ line, word, rest })
    }
  }
  return { commands, sections, open }
}

/** Undefined where a quote does not end. */
function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  const word = /((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)|\s+/gy
  let at = 0
  for (let found = word.exec(text); found !== null; found = word.exec(text)) {
    at = word.lastIndex
    if (found[1] !== undefined) words.push(unquoted(found[1]))
  }
  return at === text.length ? words : undefined
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
    (_found, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? escaped ?? '',
  )
}
