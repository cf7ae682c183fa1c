/** OVAs for tests: a descriptor as VMware's tools write it, a manifest, and disks. */
import { createHash } from 'node:crypto'
import { tarOf } from './tar-writer.ts'

export interface OvaParts {
  readonly name?: string
  readonly version?: string
  readonly disk: Uint8Array
  readonly diskName?: string
  /** In place of the descriptor that fits. */
  readonly descriptor?: string
  /** The manifest's algorithm; none leaves it out. */
  readonly manifest?: 'sha1' | 'sha256' | 'none'
}

/** What OVF Tool writes for a machine such as TinyVM. */
export function ovfOf(parts: Partial<OvaParts>): string {
  const { name = 'TinyVM', version = '2.7' } = parts
  const { diskName = `${name}-disk1.vmdk` } = parts
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope vmw:buildId="build-1" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:href="${diskName}" ovf:id="file1" ovf:size="1"/>
  </References>
  <DiskSection>
    <Info>Virtual disk information</Info>
    <Disk ovf:capacity="80" ovf:capacityAllocationUnits="byte * 2^20" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
    <Disk ovf:capacity="1" ovf:diskId="vmdisk2"/>
  </DiskSection>
  <VirtualSystem ovf:id="${name}">
    <Info>A virtual machine</Info>
    <Name>${name}</Name>
    <ProductSection><Info/><Product>${name} &amp; tools</Product><Version>${version}</Version></ProductSection>
    <OperatingSystemSection ovf:id="36"><Info>Other 3.x or later Linux (32-bit)</Info></OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware requirements</Info>
      <Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>192</rasd:VirtualQuantity></Item>
      <Item><rasd:InstanceID>7</rasd:InstanceID><rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`
}

export function ovaOf(parts: OvaParts): Uint8Array {
  const { name = 'TinyVM', disk, manifest = 'sha256' } = parts
  const diskName = parts.diskName ?? `${name}-disk1.vmdk`
  const descriptor = new TextEncoder().encode(parts.descriptor ?? ovfOf(parts))
  const files = [
    { path: `${name}.ovf`, octets: descriptor },
    { path: diskName, octets: disk },
  ]
  const lines = files.map(({ path, octets }) => {
    const digest = createHash(manifest === 'none' ? 'sha256' : manifest).update(octets)
    return `${manifest.toUpperCase()}(${path})= ${digest.digest('hex')}\n`
  })
  const [first, ...rest] = files
  const listing = { path: `${name}.mf`, octets: new TextEncoder().encode(lines.join('')) }
  return tarOf([first!, ...(manifest === 'none' ? [] : [listing]), ...rest])
}
