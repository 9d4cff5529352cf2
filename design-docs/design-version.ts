/**
 * The version of the design documents. A server installs its own only over an older one, so raise it with every change
 * of what is generated; `contentHash` is what a test holds against the generated files.
 */
export const designVersion = {
  version: 5,
  contentHash: '25fb877af791e027',
} as const;
