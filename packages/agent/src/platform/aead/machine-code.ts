import koffi from "koffi";
import { loadLibc, nativeAddress } from "../linux/libc.ts";

const PROT_READ = 1;
const PROT_EXEC = 4;
const MAP_PRIVATE = 2;
const MFD_CLOEXEC = 1;
const PAGE = 4096;

/**
 * Takes machine code of a function without arguments and result into the process, for good. It is written to a file
 * without a name and mapped from there, so that no memory is ever writable and executable at once.
 *
 * @throws when the host forbids it
 */
export function mapFunction(code: Uint8Array): () => void {
  if (code.length > PAGE) throw new RangeError(`${code.length} bytes of machine code are more than a page`);
  const libc = loadLibc();
  const library = koffi.load(null);
  const memfdCreate = library.func("int memfd_create(const char *name, uint32_t flags)");
  const mmap = library.func(
    "int64_t mmap(uint64_t at, uint64_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const page = new Uint8Array(PAGE);
  page.set(code);
  const fd: number = memfdCreate("warren-batch", MFD_CLOEXEC);
  if (fd < 0) throw new Error(`memfd_create failed with errno ${libc.errno()}`);
  try {
    if (libc.write(fd, nativeAddress(page), PAGE) !== PAGE) throw new Error(`write failed with errno ${libc.errno()}`);
    const at: number = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (at === -1) throw new Error(`mmap of executable memory failed with errno ${libc.errno()}`);
    return koffi.decode(BigInt(at), koffi.proto("void", []));
  } finally {
    libc.close(fd);
  }
}
