/** What the Red Hat family's installer knows. Source: pykickstart, handlers/f40.py and rhel9.py. */

export const anacondaSections: ReadonlySet<string> = new Set(
  '%addon %anaconda %certificate %onerror %packages %post %pre %pre-install %traceback'.split(' '),
)

export const anacondaCommands: ReadonlySet<string> = new Set(
  (
    'auth authconfig authselect autopart autostep bootc bootloader btrfs cdrom clearpart cmdline ' +
    'device deviceprobe dmraid driverdisk eula fcoe firewall firstboot graphical group halt ' +
    'harddrive hmc ignoredisk install interactive iscsi iscsiname keyboard lang langsupport ' +
    'liveimg logging logvol mediacheck method module monitor mount mouse multipath network nfs ' +
    'nvdimm ostreecontainer ostreesetup part partition poweroff raid realm reboot repo reqpart ' +
    'rescue rhsm rootpw selinux services shutdown skipx snapshot sshkey sshpw syspurpose text ' +
    'timesource timezone unsupported_hardware updates upgrade url user vnc volgroup xconfig ' +
    'zerombr zfcp zipl'
  ).split(' '),
)
