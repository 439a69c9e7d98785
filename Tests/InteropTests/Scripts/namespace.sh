#!/bin/sh
# Holds a network namespace open until standard input ends, then ends whatever still runs in it.
#
# The loopback device owns 10.77.0.0/16 and 2001:db8:77::/64, so that every peer can have an address
# of its own that is not 127.0.0.1: Transmission refuses to connect to loopback addresses.
set -eu
ip link set lo up
ip addr add 10.77.0.1/32 dev lo
ip route add local 10.77.0.0/16 dev lo src 10.77.0.1
if [ -e /proc/sys/net/ipv6 ]; then
  # A kernel without IPv6 has nothing to set up; the tests that need it will say so.
  echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind || true
  ip -6 addr add 2001:db8:77::1/128 dev lo nodad || true
  ip -6 route add local 2001:db8:77::/64 dev lo || true
fi
echo READY
cat >/dev/null
own=$(readlink /proc/self/ns/net)
for process in /proc/[0-9]*; do
  pid=${process#/proc/}
  [ "$pid" = "$$" ] && continue
  [ "$(readlink "$process/ns/net" 2>/dev/null || true)" = "$own" ] || continue
  kill -KILL "$pid" 2>/dev/null || true
done
