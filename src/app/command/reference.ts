/**
 * The generated pages of `docs/`: what the schema and the tables say, as Markdown. A page is a
 * function of the code alone, so a test can hold the committed page against it.
 */
import { z } from 'zod'
import { eventTypes } from '../../core/events.ts'
import { matrixMarkdown } from '../../lab/matrix-text.ts'
import { configSchema } from '../config/config-schema.ts'
import { kickstartKeysText } from '../kickstart/kickstart-reference.ts'
import { firmwarePage } from './firmware-page.ts'

/** File name in `docs/` to its text. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['configuration.md', configurationPage()],
    ['log-events.md', eventsPage()],
    ['lab-matrix.md', matrixPage()],
    [
      'kickstart-keys.md',
      `${generated('src/boot/kickstart/kickstart-keys.ts')}${kickstartKeysText()}`,
    ],
    ['firmware.md', `${generated('src/boot/loader/firmware-*.ts')}${firmwarePage()}`],
  ])
}

interface SchemaNode {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly additionalProperties?: SchemaNode | false
  readonly required?: readonly string[]
}

function configurationPage(): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod gives JSON Schema
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as SchemaNode
  return `${generated('src/app/config/config-schema.ts')}# Configuration

One YAML file: \`npm start -- --config FILE\`. Every section is optional; a key whose default is
*required* must be there in each item of its list. With no file Bootlace is a guest on the network:
it gives boot data beside the DHCP server that is there, and never an address.
\`BOOTLACE_CONFIG=FILE\` names the file where there is no command line to write it in.
\`npm run bootlace -- config check FILE\` tells all problems at once, with line and key; where
there are none, which folders, CA files and kickstarts that it names are not there. A relative path starts at the folder that Bootlace
is started in: with \`npm\`, the checkout.

Any single value can be set by a variable, too: \`BOOTLACE_<SECTION>_<KEY>\`, such as
\`BOOTLACE_HTTP_PORT=8080\`. \`AUTO_DEPLOY=vcsa.lab.example:6501\` sets the origin of the mirror
\`autodeploy\`; with no file beside it, DHCP and TFTP are off.

| key | default | what it is |
|---|---|---|
${rows(schema, '').join('\n')}
`
}

/** One row per key, depth first; a section's own row only when it says something. */
function rows(node: SchemaNode, path: string, isRequired = false): string[] {
  const inner = [
    ...Object.entries(node.properties ?? {}).map(
      ([name, child]) => [path === '' ? name : `${path}.${name}`, child] as const,
    ),
    ...(node.items ? [[`${path}[]`, node.items] as const] : []),
    ...(node.additionalProperties ? [[`${path}.NAME`, node.additionalProperties] as const] : []),
  ]
  const own = node.description === undefined || path === '' ? [] : [row(path, node, isRequired)]
  const required = new Set(node.required?.map((name) => `${path}.${name}`))
  // Menu entries hold menu entries: the same keys, said once.
  const told = inner.filter(([name]) => !/(\b\w+\[\])\.\1/.test(name))
  return [...own, ...told.flatMap(([name, child]) => rows(child, name, required.has(name)))]
}

function row(path: string, node: SchemaNode, isRequired: boolean): string {
  const { default: value } = node
  const none = isRequired ? '*required*' : ''
  const shown =
    value === undefined || value === '' || typeof value === 'object'
      ? none
      : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
  return `| \`${path}\` | ${shown} | ${node.description ?? ''} |`
}

function eventsPage(): string {
  const lines = Object.entries(eventTypes).map(
    ([name, [level, meaning]]) => `| \`${name}\` | ${level} | ${meaning} |`,
  )
  return `${generated('src/core/events.ts')}# Log events

Each event is one line on standard output: JSON where it is read by a program, plain text on a
terminal. In JSON \`event\` is the name; \`level\` is 20 for debug (written only with \`--verbose\`), 30
for info, 40 for warn. The same events make the page, \`/events\` and the lab's steps. Fields beside
the name: \`time\` (epoch milliseconds), \`mac\`, \`name\` (of the host, in the configuration), \`ip\`, \`interface\`, \`xid\`, \`firmware\`, \`stage\`, \`bootFile\`,
\`file\`, \`nearest\`, \`entry\`, \`bytes\`, \`ms\`, \`status\`, \`method\`, \`mirror\`, \`agent\`, \`reason\`, \`detail\`.

| event | level | what it means |
|---|---|---|
${lines.join('\n')}
`
}

function matrixPage(): string {
  return `${generated('src/lab/matrix.ts')}# What boots in the lab

Rows and columns are the values that \`npm run bootlace -- lab --list\` shows: [the lab](lab.md).
\`secure\` is \`--secure-boot\`, \`http\` is \`--firmware uefi-http\`, \`rival\` is \`--rival\`.

${matrixMarkdown()}
`
}

function generated(source: string): string {
  return `<!-- Generated from ${source} by \`npm run docs\`: change it there. -->\n\n`
}
