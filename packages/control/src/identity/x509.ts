/** The X.509 library, loaded when first needed: it takes 12 MB and 60 ms. */
export async function x509() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
