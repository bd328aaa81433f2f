"""Writes packets.json: packets built, and dissected again, by scapy. See README.md."""

import json
import pathlib

from scapy.all import IP, TCP, UDP, ICMP, Ether, IPv6, Raw, raw
from scapy.layers.inet import IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN,
)
from scapy.layers.ipsec import AH
from scapy.layers.vxlan import VXLAN

A4, B4 = "10.244.1.2", "10.244.2.3"
A6, B6 = "fd00:77:0:1::2", "fd00:77:0:2::3"
MAC_A, MAC_B = "02:00:00:00:00:01", "02:00:00:00:00:02"

SYN = TCP(sport=40000, dport=443, seq=0xDEADBEEF, ack=0, flags="S", window=64240, options=[("MSS", 1410), ("WScale", 7)])
DATA = TCP(sport=40000, dport=443, seq=0xFFFFFFF0, ack=0x80000001, flags="PA", window=502)
BIG4 = IP(src=A4, dst=B4, id=7, flags="DF") / DATA / Raw(bytes(i & 0xFF for i in range(1460)))
BIG6 = IPv6(src=A6, dst=B6, fl=0xABCDE) / DATA / Raw(bytes(i & 0xFF for i in range(1460)))


def ip4(p):
    p = p[IP]
    frag = (0x4000 if p.flags.DF else 0) | (0x2000 if p.flags.MF else 0) | p.frag
    return {"headerLength": p.ihl * 4, "tos": p.tos, "totalLength": p.len, "id": p.id, "fragment": frag,
            "ttl": p.ttl, "protocol": p.proto, "checksum": p.chksum, "src": p.src, "dst": p.dst}


def ip6(p):
    p = p[IPv6]
    return {"trafficClass": p.tc, "flowLabel": p.fl, "payloadLength": p.plen, "nextHeader": p.nh,
            "hopLimit": p.hlim, "src": p.src, "dst": p.dst}


def tcp(p):
    p = p[TCP]
    return {"srcPort": p.sport, "dstPort": p.dport, "sequence": p.seq, "acknowledgment": p.ack,
            "headerLength": p.dataofs * 4, "flags": int(p.flags), "window": p.window, "checksum": p.chksum}


def udp(p):
    p = p[UDP]
    return {"srcPort": p.sport, "dstPort": p.dport, "length": p.len, "checksum": p.chksum}


def icmp(p):
    p = p[ICMP]
    return {"type": p.type, "code": p.code, "checksum": p.chksum}


def icmp6(p, kind):
    p = p[kind]
    return {"type": p.type, "code": p.code, "checksum": p.cksum}


def ether(p):
    return {"dst": p.dst, "src": p.src, "etherType": p.type}


out = []


def add(name, packet, first, **expect):
    data = raw(packet)
    again = first(data)
    out.append({"name": name, "hex": data.hex(), **{key: read(again) for key, read in expect.items()}})


add("ipv4-tcp-syn", IP(src=A4, dst=B4, id=0x1234, flags="DF") / SYN, IP, ipv4=ip4, tcp=tcp)
add("ipv4-tcp-data", IP(src=A4, dst=B4, tos=0x2E, ttl=3) / DATA / Raw(b"odd"), IP, ipv4=ip4, tcp=tcp)
add("ipv4-udp", IP(src=A4, dst=B4) / UDP(sport=5353, dport=53) / Raw(b"hello"), IP, ipv4=ip4, udp=udp)
add("ipv4-options", IP(src=A4, dst=B4, options=[IPOption_Router_Alert()]) / UDP(sport=1, dport=2), IP, ipv4=ip4, udp=udp)
add("ipv4-first-fragment", IP(src=A4, dst=B4, id=9, flags="MF") / UDP(sport=1, dport=2, len=40, chksum=1) / Raw(bytes(8)), IP, ipv4=ip4)
add("ipv4-later-fragment", IP(src=A4, dst=B4, id=9, frag=2, proto=17) / Raw(bytes(24)), IP, ipv4=ip4)
add("ipv4-echo", IP(src=A4, dst=B4) / ICMP(type=8, id=77, seq=3) / Raw(b"ping"), IP, ipv4=ip4, icmp=icmp)
add("ipv4-fragmentation-needed", IP(src=B4, dst=A4) / ICMP(type=3, code=4, nexthopmtu=1400) / IP(src=A4, dst=B4, flags="DF") / UDP(sport=1, dport=2), IP, ipv4=ip4, icmp=icmp)
add("ipv6-tcp-syn", IPv6(src=A6, dst=B6, tc=0x20, fl=0x12345, hlim=9) / SYN, IPv6, ipv6=ip6, tcp=tcp)
add("ipv6-udp", IPv6(src=A6, dst=B6) / UDP(sport=5353, dport=53) / Raw(b"hello"), IPv6, ipv6=ip6, udp=udp)
add("ipv6-echo", IPv6(src=A6, dst=B6) / ICMPv6EchoRequest(id=77, seq=3, data=b"ping"), IPv6, ipv6=ip6,
    icmpv6=lambda p: icmp6(p, ICMPv6EchoRequest))
add("ipv6-packet-too-big", IPv6(src=B6, dst=A6) / ICMPv6PacketTooBig(mtu=1400) / IPv6(src=A6, dst=B6) / UDP(sport=1, dport=2), IPv6, ipv6=ip6,
    icmpv6=lambda p: icmp6(p, ICMPv6PacketTooBig))
add("ipv6-extensions", IPv6(src=A6, dst=B6) / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(12))])
    / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]) / UDP(sport=5353, dport=53) / Raw(b"x"), IPv6, ipv6=ip6, udp=udp)
add("ipv6-authentication", IPv6(src=A6, dst=B6) / AH(nh=17, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / UDP(sport=5353, dport=53), IPv6, ipv6=ip6)
add("ipv6-first-fragment", IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(m=1, id=5) / UDP(sport=5353, dport=53, len=40, chksum=1) / Raw(bytes(8)), IPv6, ipv6=ip6)
add("ipv6-later-fragment", IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(offset=2, id=5, nh=17) / Raw(bytes(24)), IPv6, ipv6=ip6)
add("ipv6-atomic-fragment", IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(id=5) / UDP(sport=5353, dport=53), IPv6, ipv6=ip6, udp=udp)
add("vxlan", VXLAN(flags="Instance", vni=4096) / Ether(dst=MAC_B, src=MAC_A) / IP(src=A4, dst=B4) / UDP(sport=1, dport=2), VXLAN,
    vxlan=lambda p: {"vni": p.vni}, ethernet=lambda p: ether(p[Ether]), ipv4=ip4)
add("vxlan-ipv6", VXLAN(flags="Instance", vni=0xFFFFFF) / Ether(dst=MAC_B, src=MAC_A) / IPv6(src=A6, dst=B6) / UDP(sport=1, dport=2), VXLAN,
    vxlan=lambda p: {"vni": p.vni}, ethernet=lambda p: ether(p[Ether]), ipv6=ip6)
add("big-ipv4", BIG4, IP, ipv4=ip4, tcp=tcp)
add("big-ipv4-answer", IP(src="10.244.1.1", dst=A4, tos=0xC0, id=0, flags="DF", ttl=64)
    / ICMP(type=3, code=4, nexthopmtu=1450) / Raw(raw(BIG4)[: 576 - 28]), IP, ipv4=ip4, icmp=icmp)
add("big-ipv6", BIG6, IPv6, ipv6=ip6, tcp=tcp)
add("big-ipv6-answer", IPv6(src="fd00:77:0:1::1", dst=A6, tc=0xC0, hlim=64) / ICMPv6PacketTooBig(mtu=1430)
    / Raw(raw(BIG6)[: 1280 - 48]), IPv6, ipv6=ip6, icmpv6=lambda p: icmp6(p, ICMPv6PacketTooBig))

target = pathlib.Path(__file__).with_name("packets.json")
target.write_text("[\n" + ",\n".join("  " + json.dumps(row) for row in out) + "\n]\n")
