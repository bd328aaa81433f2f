/**
 * A loop over OpenSSL's functions in machine code of x86-64: seals or opens a batch of messages in one call from
 * JavaScript. It has no cryptography in it and no memory of its own; everything it knows stands in its block:
 *
 *       0 context   8 first text   16 stride   24 count   32 length   40 last length   48 counter, 64 bits
 *      56 counter is big-endian in the nonce (0, 1)   64 nonce: four octets that stay, counter   80 int, of no use
 *      88 EVP_…Init_ex   96 EVP_Cipher   104 EVP_…Final_ex   112 EVP_CIPHER_CTX_ctrl that reads the tag, or 0
 *     120 EVP_CIPHER_CTX_ctrl that sets the tag, or 0   128 out: messages done before the first that failed
 *
 * The instructions are in the order of a message's road, each with what it was assembled from; a test assembles them again.
 * rbx is the block, r12 the text, r13 the number of the message, r14 the length of its text, r15 where its tag stands.
 */
export const BLOCK_CONTEXT = 0;
export const BLOCK_TEXT = 8;
export const BLOCK_STRIDE = 16;
export const BLOCK_COUNT = 24;
export const BLOCK_LENGTH = 32;
export const BLOCK_LAST = 40;
export const BLOCK_COUNTER = 48;
export const BLOCK_BIG_ENDIAN = 56;
export const BLOCK_NONCE = 64;
export const BLOCK_INIT = 88;
export const BLOCK_CIPHER = 96;
export const BLOCK_FINAL = 104;
export const BLOCK_GET_TAG = 112;
export const BLOCK_SET_TAG = 120;
export const BLOCK_DONE = 128;

/** Bytes and instruction, in Intel's notation. */
export const INSTRUCTIONS: readonly (readonly [string, string])[] = [
  ["f30f1efa", "endbr64"],
  ["53", "push rbx"],
  ["4154", "push r12"],
  ["4155", "push r13"],
  ["4156", "push r14"],
  ["4157", "push r15"],
  ["48bb0000000000000000", "movabs rbx, 0"],
  ["4c8b6308", "mov r12, [rbx+8]"],
  ["4531ed", "xor r13d, r13d"],
  ["4c3b6b18", "next: cmp r13, [rbx+24]"],
  ["0f83b4000000", "jae done"],
  ["4c8b7320", "mov r14, [rbx+32]"],
  ["498d4501", "lea rax, [r13+1]"],
  ["483b4318", "cmp rax, [rbx+24]"],
  ["4c0f447328", "cmove r14, [rbx+40]"],
  ["4f8d3c34", "lea r15, [r12+r14]"],
  ["488b4330", "mov rax, [rbx+48]"],
  ["4c01e8", "add rax, r13"],
  ["48837b3800", "cmp qword ptr [rbx+56], 0"],
  ["7403", "je nonce"],
  ["480fc8", "bswap rax"],
  ["48894344", "nonce: mov [rbx+68], rax"],
  ["488b3b", "mov rdi, [rbx]"],
  ["31f6", "xor esi, esi"],
  ["31d2", "xor edx, edx"],
  ["31c9", "xor ecx, ecx"],
  ["4c8d4340", "lea r8, [rbx+64]"],
  ["ff5358", "call [rbx+88]"],
  ["83f801", "cmp eax, 1"],
  ["7575", "jne done"],
  ["48837b7800", "cmp qword ptr [rbx+120], 0"],
  ["7418", "je text"],
  ["488b3b", "mov rdi, [rbx]"],
  ["be11000000", "mov esi, 17"],
  ["ba10000000", "mov edx, 16"],
  ["4c89f9", "mov rcx, r15"],
  ["ff5378", "call [rbx+120]"],
  ["83f801", "cmp eax, 1"],
  ["7556", "jne done"],
  ["4d85f6", "text: test r14, r14"],
  ["7414", "je final"],
  ["488b3b", "mov rdi, [rbx]"],
  ["4c89e6", "mov rsi, r12"],
  ["4c89e2", "mov rdx, r12"],
  ["4489f1", "mov ecx, r14d"],
  ["ff5360", "call [rbx+96]"],
  ["4439f0", "cmp eax, r14d"],
  ["753d", "jne done"],
  ["488b3b", "final: mov rdi, [rbx]"],
  ["4c89e6", "mov rsi, r12"],
  ["488d5350", "lea rdx, [rbx+80]"],
  ["ff5368", "call [rbx+104]"],
  ["83f801", "cmp eax, 1"],
  ["752b", "jne done"],
  ["48837b7000", "cmp qword ptr [rbx+112], 0"],
  ["7418", "je sealed"],
  ["488b3b", "mov rdi, [rbx]"],
  ["be10000000", "mov esi, 16"],
  ["ba10000000", "mov edx, 16"],
  ["4c89f9", "mov rcx, r15"],
  ["ff5370", "call [rbx+112]"],
  ["83f801", "cmp eax, 1"],
  ["750c", "jne done"],
  ["4c036310", "sealed: add r12, [rbx+16]"],
  ["49ffc5", "inc r13"],
  ["e942ffffff", "jmp next"],
  ["4c89ab80000000", "done: mov [rbx+128], r13"],
  ["4489e8", "mov eax, r13d"],
  ["415f", "pop r15"],
  ["415e", "pop r14"],
  ["415d", "pop r13"],
  ["415c", "pop r12"],
  ["5b", "pop rbx"],
  ["c3", "ret"],
];

/** Where the address of the block stands in the code: behind the two bytes of `movabs`. */
const BLOCK_ADDRESS = 15;

/** The loop for the block at this address. */
export function batchCode(block: number): Uint8Array {
  const code = Uint8Array.from(Buffer.from(INSTRUCTIONS.map(([bytes]) => bytes).join(""), "hex"));
  new DataView(code.buffer).setBigUint64(BLOCK_ADDRESS, BigInt(block), true);
  return code;
}
