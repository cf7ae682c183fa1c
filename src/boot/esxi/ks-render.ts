/**
 * From an ESXi kickstart with a host's variables in it to the ks.cfg that its installer gets: filled
 * in, checked, and with a report at its end where it has none of its own.
 */
import type { Variables } from '../kickstart/template-reference.ts'
import { fillText } from '../kickstart/text-answers.ts'
import { checkEsxiKickstart } from './ks-checks.ts'
import { type KsFinding, error } from './ks-parse.ts'

export interface RenderedKs {
  readonly text: string
  /** Lines are those of the source. */
  readonly findings: readonly KsFinding[]
}

/** `version` is that of the image, `8.0.3`, where it is known. */
export function renderEsxiKickstart(
  text: string,
  variables: Variables,
  version?: string,
): RenderedKs {
  const filled = fillText(text, variables, 'esxi')
  if (filled.problems.length > 0) {
    return {
      text: filled.text,
      findings: filled.problems.map(({ line, says }) => error(line, wordOf(text, line), says)),
    }
  }
  const findings = checkEsxiKickstart(filled.inPlace, version)
  return { text: withReport(filled.text, variables.get('done')), findings }
}

function wordOf(text: string, line: number): string {
  return text.split('\n')[line - 1]?.trim().split(/\s/, 1)[0] ?? 'the line'
}

/**
 * Says at the end of the installation that it is done: else the machine would not be known to be
 * installed. In the installer, so that Secure Boot forbids nothing; a report that fails, fails alone.
 */
function withReport(text: string, done: unknown): string {
  if (typeof done !== 'string' || done === '' || text.includes(done)) return text
  const lines = [
    '%post --interpreter=busybox --ignorefailure=true',
    'for try in 1 2 3 4 5; do',
    `  wget -q -O /dev/null '${done}' && break`,
    '  sleep 3',
    'done',
  ]
  return `${text.trimEnd()}\n\n${lines.join('\n')}\n`
}
