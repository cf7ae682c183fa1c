/**
 * Whether the ESXi installer takes a ks.cfg and does what it says, with everything that is wrong with
 * it at once. An installer that refuses it stops with a message on the screen, after its disk was
 * chosen at the worst, and waits for somebody.
 *
 * Source: as for ks-words.ts; passwords: "ESXi Passwords and Account Lockout" (pam_passwdqc, at
 * least seven characters of three classes).
 */
import { type KsFile, readKs } from './ks-lines.ts'
import {
  type KsFinding,
  type Parsed,
  commandOf,
  error,
  isBefore,
  parseLine,
  unknownWord,
  warning,
} from './ks-parse.ts'
import { ksSections } from './ks-words.ts'

/**
 * `text` is filled in already; `version` is that of the image, `8.0.3`, where it is known. Errors are
 * reasons not to hand it out.
 */
export function checkEsxiKickstart(text: string, version?: string): readonly KsFinding[] {
  const file = readKs(text)
  const parsed = file.commands.map((line) => parseLine(line, commandOf(line.word), version))
  const sections = file.sections.map((line) => parseLine(line, ksSections[line.word], version))
  const findings = [
    ...file.open.map((line) => error(line, 'the line', 'has a quote that does not end')),
    ...[...parsed, ...sections].flatMap((each) => each.findings),
    ...rules.flatMap((rule) => rule(parsed, version)),
    ...checkScripts(file),
  ]
  return findings.toSorted((one, other) => one.line - other.line)
}

type Rule = (commands: readonly Parsed[], version: string | undefined) => readonly KsFinding[]

const rules: readonly Rule[] = [
  checkTwice,
  checkLicenceAgreement,
  checkWhatToDo,
  checkTarget,
  checkPartitions,
  checkPassword,
  checkNetwork,
  checkEnd,
  checkSerial,
]

function checkTwice(commands: readonly Parsed[]): readonly KsFinding[] {
  return commands.flatMap(({ line, word }, index) => {
    const isAgain = commands.findIndex((other) => other.word === word) < index
    const command = commandOf(word)
    return isAgain && command !== undefined && command.repeats !== true
      ? [error(line, word, 'stands twice')]
      : []
  })
}

function checkLicenceAgreement(commands: readonly Parsed[]): readonly KsFinding[] {
  return commands.some(({ word }) => word === 'accepteula' || word === 'vmaccepteula')
    ? []
    : [error(1, 'vmaccepteula', "is missing: without accepting VMware's licence nothing installs")]
}

const actions = ['install', 'upgrade', 'installorupgrade']

function checkWhatToDo(commands: readonly Parsed[]): readonly KsFinding[] {
  const found = commands.filter(({ word }) => actions.includes(word))
  if (found.length === 0) {
    // A script that runs before may write what is included.
    if (commands.some(({ word }) => word.endsWith('include'))) return []
    return [error(1, 'install', 'is missing, and upgrade and installorupgrade, too')]
  }
  return found
    .filter(({ word }) => word !== found[0]?.word)
    .map(({ line, word }) => error(line, word, `beside ${found[0]?.word ?? ''}: only one of them`))
}

function checkTarget(commands: readonly Parsed[]): readonly KsFinding[] {
  return commands
    .filter(({ word }) => actions.includes(word))
    .flatMap(({ line, word, options }) => {
      const named = ['--disk', '--drive', '--firstdisk'].filter((name) => options.has(name))
      const has = (name: string) => options.has(name)
      const keeps = has('--preservevmfs')
      const problems = [
        ...(named.length === 1
          ? []
          : [error(line, word, 'needs one of --firstdisk and --disk, and not both')]),
        ...(keeps && has('--overwritevmfs')
          ? [error(line, `${word} --preservevmfs`, 'beside --overwritevmfs: one of them')]
          : []),
        ...(keeps && has('--novmfsondisk')
          ? [error(line, `${word} --preservevmfs`, 'beside --novmfsondisk: one of them')]
          : []),
      ]
      const decides = keeps || has('--overwritevmfs') || word === 'upgrade'
      const says =
        'has neither --overwritevmfs nor --preservevmfs: on a disk with a datastore it stops'
      return decides ? problems : [...problems, warning(line, word, says)]
    })
}

function checkPartitions(commands: readonly Parsed[]): readonly KsFinding[] {
  const installs = commands.some(({ word }) => word === 'install' || word === 'installorupgrade')
  return commands.flatMap(({ line, word, options }) => {
    if (word === 'clearpart' && !installs) return [error(line, word, 'needs install beside it')]
    const isPart = word === 'part' || word === 'partition'
    const count = Number(options.has('--ondisk')) + Number(options.has('--onfirstdisk'))
    if (!isPart || count === 1) return []
    return [error(line, word, 'needs one of --ondisk and --onfirstdisk')]
  })
}

function checkPassword(commands: readonly Parsed[]): readonly KsFinding[] {
  const found = commands.find(({ word }) => word === 'rootpw')
  if (found === undefined) {
    const isUpgrade = commands.some(({ word }) => word === 'upgrade' || word.endsWith('include'))
    return isUpgrade ? [] : [error(1, 'rootpw', 'is missing')]
  }
  const { line, words, options } = found
  const [password] = words
  if (password === undefined) return []
  if (options.has('--iscrypted')) {
    return /^\$[156]\$[^$]{1,16}\$[./A-Za-z0-9]+$/.test(password)
      ? []
      : [error(line, 'rootpw', 'is no hash $6$SALT$HASH: bootlace hash-password makes one')]
  }
  const says = weakness(password)
  if (says !== undefined) return [error(line, 'rootpw', says)]
  const open = 'stands in the file as it is: rootpw --iscrypted with bootlace hash-password'
  return [warning(line, 'rootpw', open)]
}

/** A capital at the beginning and a digit at the end count for nothing. */
function weakness(password: string): string | undefined {
  const inner = password.replace(/^[A-Z]/, '').replace(/\d$/, '')
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((each) => each.test(inner))
  if (password.length >= 7 && password.length <= 40 && classes.length >= 3) return undefined
  return (
    'is too weak for ESXi: 7 to 40 characters of three classes (small, capital, digit, other), ' +
    'not counting a capital at the beginning and a digit at the end'
  )
}

function checkNetwork(commands: readonly Parsed[]): readonly KsFinding[] {
  const found = commands.find(({ word }) => word === 'network')
  if (found === undefined) return []
  const { line, options } = found
  const fixed = ['--ip', '--netmask', '--gateway', '--nameserver']
  if (options.get('--bootproto') !== 'static') {
    const extra = fixed.filter((name) => options.has(name))
    return extra.map((name) => error(line, `network ${name}`, 'needs --bootproto=static'))
  }
  const missing = (names: readonly string[]) => names.filter((name) => !options.has(name))
  return [
    ...missing(['--ip', '--netmask']).map((name) => error(line, `network ${name}`, 'is missing')),
    ...missing(['--gateway', '--nameserver']).map((name) =>
      warning(line, `network ${name}`, 'is missing'),
    ),
  ]
}

function checkEnd(commands: readonly Parsed[]): readonly KsFinding[] {
  const dry = commands.find(({ word }) => word === 'dryrun')
  return [
    ...(commands.some(({ word }) => word === 'reboot')
      ? []
      : [warning(1, 'reboot', 'is missing: when it is installed it waits for somebody')]),
    ...(dry === undefined ? [] : [warning(dry.line, 'dryrun', 'installs nothing')]),
  ]
}

function checkSerial(
  commands: readonly Parsed[],
  version: string | undefined,
): readonly KsFinding[] {
  if (version === undefined || isBefore(version, '9.0')) return []
  return commands
    .filter(({ word }) => word.endsWith('serialnum'))
    .map(({ line, word }) => warning(line, word, 'from 9.0 on vCenter gives the licence'))
}

function checkScripts({ sections }: KsFile): readonly KsFinding[] {
  return sections.flatMap(({ line, word, script }) => {
    const end = script.findIndex((content) => /^%\w/.test(content))
    const other = script[end]?.split(/\s/, 1)[0] ?? ''
    return [
      ...(end < 0 ? [] : [error(line + end + 1, other, unknownWord(other))]),
      ...(script.every((content) => /^\s*(#|$)/.test(content))
        ? [warning(line, word, 'is empty')]
        : []),
      ...(word === '%firstboot'
        ? [warning(line, word, 'does not run on a machine with Secure Boot')]
        : []),
    ]
  })
}
