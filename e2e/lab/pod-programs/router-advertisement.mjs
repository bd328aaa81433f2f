// node router-advertisement.mjs INTERFACE-INDEX PREFIX: sends one router advertisement to all nodes of the link that
// makes its sender the default router and announces a /64 (RFC 4861 §4.2, §4.6.2). Needs root, for the raw socket.
import koffi from "koffi";

const [index, prefix] = process.argv.slice(2);
const AF_INET6 = 10;
const SOCK_RAW = 3;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int, int, int)");
const setsockopt = libc.func("int setsockopt(int, int, int, void *, unsigned int)");
const sendto = libc.func("long sendto(int, void *, size_t, int, void *, unsigned int)");

const header = Buffer.alloc(16);
header.writeUInt8(134, 0);
header.writeUInt8(64, 4);
header.writeUInt16BE(1800, 6);
const option = Buffer.alloc(32);
option.set([3, 4, 64, 0xc0]);
option.writeUInt32BE(86_400, 4);
option.writeUInt32BE(14_400, 8);
option.set(group16(prefix), 16);

const destination = Buffer.alloc(28);
destination.writeUInt16LE(AF_INET6, 0);
destination.set([0xff, 0x02, ...Array.from({ length: 13 }, () => 0), 1], 8);
destination.writeUInt32LE(Number(index), 24);

const number = (value) => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
};
const fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, number(255), 4);
setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, number(Number(index)), 4);
const message = Buffer.concat([header, option]);
const sent = sendto(fd, message, message.length, 0, destination, destination.length);
console.log(sent === message.length ? "sent" : `not sent (errno ${koffi.errno()})`);

// "fd99:1:2:3::" to 16 bytes; only this form is needed.
function group16(text) {
  const groups = text.replace(/::$/, "").split(":");
  return Buffer.from(
    groups
      .map((group) => group.padStart(4, "0"))
      .join("")
      .padEnd(32, "0"),
    "hex",
  );
}
