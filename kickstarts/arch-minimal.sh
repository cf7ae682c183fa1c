#!/bin/bash
# Arch Linux on one disk, which is wiped. It starts by UEFI.
# The disc starts this script at login, with the machine on the network.
#
# To log in: vars.ssh_key, vars.password_hash (npm run bootlace -- hash-password).
set -eu
disk=${vars.disk:-/dev/sda}

sgdisk --zap-all --new=1:0:+512M --typecode=1:ef00 --new=2:0:0 "$disk"
udevadm settle
# The names of partitions depend on the disk: sda1, nvme0n1p1.
mapfile -t parts < <(lsblk --noheadings --raw --paths --output NAME "$disk" | sed 1d)
mkfs.fat -F 32 "$${parts[0]}"
mkfs.ext4 -F "$${parts[1]}"
mount "$${parts[1]}" /mnt
mount --mkdir "$${parts[0]}" /mnt/boot

pacstrap -K /mnt base linux linux-firmware openssh
genfstab -U /mnt >> /mnt/etc/fstab
echo ${name} > /mnt/etc/hostname
printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n' > /mnt/etc/systemd/network/20-wired.network
arch-chroot /mnt systemctl enable systemd-networkd systemd-resolved sshd
install -d -m 700 /mnt/root/.ssh
echo ${vars.ssh_key?|quote} > /mnt/root/.ssh/authorized_keys
echo root:${vars.password_hash:-*|quote} | arch-chroot /mnt chpasswd -e
arch-chroot /mnt bootctl install
root=$(blkid -s UUID -o value "$${parts[1]}")
printf 'title Arch Linux\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\noptions root=UUID=%s rw\n' "$root" > /mnt/boot/loader/entries/arch.conf

curl -fsS ${done} || true
reboot
