/**
 * The part of the WebAssembly API that we use. TypeScript declares it only together with the whole of the DOM, which
 * would let code use globals that Node.js does not have.
 */
// biome-ignore lint/style/noNamespace: the global is one.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
