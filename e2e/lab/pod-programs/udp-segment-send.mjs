// node udp-segment-send.mjs SOURCE DESTINATION PORT HEX…: sends datagrams of one length with one call (UDP_SEGMENT). Over
// a veth pair they arrive as one buffer. IPv4 only.
import koffi from "koffi";

const [source, destination, port, ...datagrams] = process.argv.slice(2);
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int, int, int)");
const bind = libc.func("int bind(int, void *, unsigned int)");
const setsockopt = libc.func("int setsockopt(int, int, int, void *, unsigned int)");
const sendto = libc.func("long sendto(int, void *, size_t, int, void *, unsigned int)");

const name = (address, number) => {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(number, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
};
const payload = Buffer.from(datagrams.join(""), "hex");
const size = Buffer.alloc(4);
size.writeInt32LE(payload.length / datagrams.length);
const fd = socket(AF_INET, SOCK_DGRAM, 0);
if (bind(fd, name(source, 0), 16) !== 0) throw new Error("bind failed");
if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, size, 4) !== 0) throw new Error("no UDP_SEGMENT");
const sent = sendto(fd, payload, payload.length, 0, name(destination, Number(port)), 16);
console.log(sent === payload.length ? "sent" : `sent ${sent} of ${payload.length}`);
