/**
 * An OVF descriptor: what the virtual machine is called, and which of its files are disks. Opens
 * nothing.
 *
 * Source: DMTF DSP0243, Open Virtualization Format 1.1, §7 and §9.
 */
import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import { ProtocolError, messageOf } from '../../core/errors.ts'

export interface Ovf {
  readonly name: string
  readonly product: string
  readonly version: string
  /** Names of the files that hold disks, in the order of the machine's disks. */
  readonly disks: readonly string[]
  /** MiB; undefined where it does not say. */
  readonly memory: number | undefined
  /** Kinds of its network cards: `VmxNet3`. */
  readonly cards: readonly string[]
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  removeNSPrefix: true,
  parseTagValue: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
})

const text = z
  .array(z.union([z.string(), z.object({ '#text': z.string() }).transform((tag) => tag['#text'])]))
  .catch([])
const tags = <T extends z.core.$ZodLooseShape>(shape: T) => z.array(z.object(shape)).catch([])

const item = { ResourceType: text, ResourceSubType: text, VirtualQuantity: text }
const descriptor = z.object({
  Envelope: z
    .array(
      z.object({
        References: tags({
          File: tags({ id: z.string(), href: z.string(), compression: z.string().optional() }),
        }),
        DiskSection: tags({ Disk: tags({ fileRef: z.string().optional() }) }),
        VirtualSystem: z.array(
          z.object({
            id: z.string().catch(''),
            Name: text,
            ProductSection: tags({ Product: text, Version: text }),
            VirtualHardwareSection: tags({ Item: tags(item) }),
          }),
        ),
      }),
    )
    .min(1),
})

/** Resource types of CIM_ResourceAllocationSettingData. */
const resource = { memory: '4', card: '10' } as const

/** Throws ProtocolError where it is no descriptor of one virtual machine. */
export function parseOvf(xml: string): Ovf {
  const envelope = parsed(xml).Envelope[0]
  const machine = envelope?.VirtualSystem[0]
  if (envelope === undefined || machine === undefined) {
    throw new ProtocolError('OVF', 'describes no virtual machine')
  }
  const files = envelope.References.flatMap(({ File }) => File)
  const disks = envelope.DiskSection.flatMap(({ Disk }) => Disk)
  const items = machine.VirtualHardwareSection.flatMap(({ Item }) => Item)
  const [product] = machine.ProductSection
  const memory = Number(items.find(isResource(resource.memory))?.VirtualQuantity[0])
  return {
    name: machine.Name[0] ?? machine.id,
    product: product?.Product[0] ?? '',
    version: product?.Version[0] ?? '',
    disks: disks.flatMap(({ fileRef }) => {
      const file = files.find(({ id }) => id === fileRef)
      if (file === undefined) return [] // a disk that is made empty
      if (file.compression === undefined || file.compression === 'identity') return [file.href]
      throw new ProtocolError(file.href, `is packed with ${file.compression}: unpack it first`)
    }),
    memory: Number.isSafeInteger(memory) ? memory : undefined,
    cards: items.filter(isResource(resource.card)).flatMap((card) => card.ResourceSubType),
  }
}

function parsed(xml: string): z.output<typeof descriptor> {
  let tree: unknown
  try {
    tree = parser.parse(xml)
  } catch (error) {
    throw new ProtocolError('OVF', `is not XML: ${messageOf(error)}`)
  }
  const result = descriptor.safeParse(tree)
  if (result.success) return result.data
  throw new ProtocolError('OVF', 'has no Envelope with a VirtualSystem')
}

function isResource(type: string) {
  return ({ ResourceType }: { readonly ResourceType: readonly string[] }): boolean =>
    ResourceType[0] === type
}
